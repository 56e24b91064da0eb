"""What the rules as they are now would make of the tickets of the last run, before anything is trained."""

from pathlib import Path
from typing import Any

import pandas as pd

from ticket_triage import taxonomy
from ticket_triage.files import TriageError, read_table
from ticket_triage.labeling import analysis, flips, similarity, weak
from ticket_triage.params import Label

PARTS = ("train", "validation", "unlabelled")


def preview(
    data: Path, experts: Path, read: similarity.Read | None, settings: Label
) -> tuple[dict[str, Any], pd.DataFrame]:
    """The report on all functions, as `analysis.report` gives it, and the tickets that flip, as `flips.compare` does.

    Args:
        data: the folder in which stages put what they make; the last run's votes are in its `labels`.
        experts: the taxonomy as it is now.
        read: an encoder, or None.

    Raises:
        TriageError: there was no such run, or the taxonomy is not sound.
    """
    needed = [data / "labels" / "votes.parquet", data / "labels" / "weak.parquet"]
    if missing := [path for path in needed if not path.exists()]:
        raise TriageError(
            f"{missing[0]} does not exist, so there is nothing to compare with: run `make pipeline` first"
        )
    known = taxonomy.read(experts)
    train, validation, unlabelled = (read_table(data / "split" / f"{part}.parquet") for part in PARTS)
    later = read_table(data / "validated" / "hindsight.parquet")
    tickets = weak.gather(train, validation, unlabelled, later)
    made = weak.label(tickets, known, read, settings)
    votes, labels = (read_table(path) for path in needed)
    return analysis.report(made, tickets, settings.label_model), flips.compare(tickets, votes, labels, made)
