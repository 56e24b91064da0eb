"""The split that is in Git: a gold text is given its part once, so that all figures speak of the same test.

`python -m ticket_triage.labeling.committed TICKETS GOLD TAXONOMY ANNOTATIONS SPLIT` places gold texts that have none.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from ticket_triage import files, params, taxonomy
from ticket_triage.labeling import annotations
from ticket_triage.labeling.additions import divide
from ticket_triage.labeling.gold import is_gold, join, read_gold
from ticket_triage.labeling.split import COLUMNS, HELD_OUT


def read_split(path: Path) -> pd.DataFrame | None:
    """The committed split, or None if there is no such file.

    Raises:
        TriageError: it lacks a column, or has an unknown part or a key twice.
    """
    if not Path(path).exists():
        return None
    try:
        committed = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise files.TriageError(f"cannot read the split {path}: {error}") from error
    sound = list(committed) == COLUMNS and not committed["text_key"].duplicated().any()
    if not sound or not set(committed["part"]) <= {"train", *HELD_OUT, "held_back"}:
        raise files.TriageError(
            f"the split {path} must have the columns {', '.join(COLUMNS)}, each text key once and the parts "
            f"train, {', '.join(HELD_OUT)} or held_back: restore it from Git"
        )
    return committed


def commit(
    tickets: pd.DataFrame, committed: pd.DataFrame | None, notes: pd.DataFrame, params: params.Split
) -> pd.DataFrame:
    """The committed split with the gold and the annotated texts of `tickets` added that it lacks, sorted by key."""
    parts = divide(tickets, committed, notes, params)
    annotated = tickets["text_key"].isin(annotations.first(notes).index)
    gold = parts.assign(text_key=tickets["text_key"])[is_gold(tickets) | annotated]
    placed = gold.sort_values("part", key=lambda part: part == "held_back", kind="stable")[COLUMNS]
    return (
        pd.concat([frame for frame in (committed, placed) if frame is not None])
        .drop_duplicates("text_key")
        .sort_values("text_key", ignore_index=True)
    )


def main(arguments: Iterable[str]) -> None:
    """Add to the split file what it lacks; a text that has a part keeps it."""
    tickets_path, gold_path, taxonomy_path, notes_path, split_path = map(Path, arguments)
    tickets = files.read_table(tickets_path)
    labels = read_gold(gold_path, taxonomy.read(taxonomy_path))
    sources = dict.fromkeys(tickets["source"].unique(), labels)
    no_own = labels.iloc[:0].assign(ticket_id="")
    tickets = join(tickets, no_own, sources)
    notes = annotations.read(notes_path)
    placed = commit(tickets, read_split(split_path), notes, params.load("split"))
    files.write_text(split_path, placed.to_csv(index=False, lineterminator="\n"))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except files.TriageError as error:
        sys.exit(str(error))
