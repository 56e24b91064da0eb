"""What people said when they read tickets: a file of keys and labels that only grows, and what of it is gold.

The newest reading of a text counts, whoever's it is, and counts more than any gold file. An adjudication, which is
given in sight of the readings that differ, stands until the next one.
"""

import csv
import io
import os
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd

from ticket_triage.files import TriageError
from ticket_triage.labeling.gold import LABEL_COLUMNS, check_labels
from ticket_triage.schema import GOLD_PREFIX
from ticket_triage.taxonomy import Taxonomy

UNSURE, RANDOM, AUDIT, AGAIN, ADJUDICATED, WITHDRAWN = (
    "unsure",
    "random",
    "audit",
    "again",
    "adjudicated",
    "withdrawn",
)
HOW = (UNSURE, RANDOM, AUDIT, AGAIN, ADJUDICATED, WITHDRAWN)
BLIND = (UNSURE, RANDOM, AGAIN)  # read without sight of a label
GOLD = "gold"  # who gave the labels that no annotation gave
LABELS = tuple(column for column in LABEL_COLUMNS if column != "passes")
_KEY = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Annotation:
    """One reading: `how` the ticket was chosen, or that the annotator's last reading of it is withdrawn."""

    text_key: str
    category: str | None
    second_category: str | None
    priority: str | None
    sentiment: str | None
    language: str | None
    annotator: str
    at: str  # ISO 8601, UTC
    how: str


COLUMNS = [field.name for field in fields(Annotation)]


def append(path: Path, one: Annotation) -> None:
    """Add a line, which is on the disk when this returns; a line that a killed process left half is cut off.

    Raises:
        TriageError: the file cannot be written.
    """
    import fcntl  # not where there is no Unix, which the rest of this module does not need

    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(["" if v is None else v for v in asdict(one).values()])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)  # two annotators may write to one file
            stream.seek(0)
            known = stream.read()
            whole = known.rfind(b"\n") + 1
            if whole < len(known):
                stream.truncate(whole)
            head = b"" if whole else (",".join(COLUMNS) + "\n").encode()
            stream.write(head + line.getvalue().encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise TriageError(f"cannot write the annotations {path}: {error.strerror or error}") from error


def read(path: Path) -> pd.DataFrame:
    """All annotations in the order of their time, COLUMNS; without a row if there is no such file.

    Raises:
        TriageError: it cannot be read, or a line is not an annotation.
    """
    if not Path(path).exists():
        return pd.DataFrame(columns=COLUMNS, dtype="str")
    try:
        text = Path(path).read_bytes().decode("utf-8")
        whole = io.StringIO(text[: text.rfind("\n") + 1])
        table = pd.read_csv(whole, dtype="str", keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise TriageError(f"cannot read the annotations {path}: {error}") from error
    if list(table) != COLUMNS:
        raise TriageError(f"the annotations {path} need the columns {', '.join(COLUMNS)}")
    sound = table["text_key"].fillna("").str.fullmatch(_KEY) & table["how"].isin(HOW)
    sound &= table["annotator"].notna() & pd.to_datetime(table["at"], errors="coerce", utc=True).notna()
    if not sound.all():
        line = int(sound.to_numpy().argmin()) + 2
        raise TriageError(f"line {line} of the annotations {path} is none: mend or delete it")
    return table.sort_values("at", kind="stable", ignore_index=True)


def standing(table: pd.DataFrame) -> pd.DataFrame:
    """The last reading of each text by each annotator that was not withdrawn, in the order of their time."""
    left: dict[tuple[str, str], list[int]] = {}
    for at, (key, annotator, how) in enumerate(
        zip(table["text_key"], table["annotator"], table["how"], strict=True)
    ):
        readings = left.setdefault((key, annotator), [])
        if how != WITHDRAWN:
            readings.append(at)
        elif readings:
            readings.pop()
    return table.iloc[sorted(readings[-1] for readings in left.values() if readings)]


def newest(table: pd.DataFrame) -> pd.DataFrame:
    """The reading of each text that is gold, indexed by text key; `passes` says how many annotators read it."""
    left = standing(table)
    passes = left.groupby("text_key").size()
    last = left.assign(decided=left["how"] == ADJUDICATED).sort_values("decided", kind="stable")
    found = last.drop_duplicates("text_key", keep="last").set_index("text_key")
    return found.drop(columns="decided").assign(passes=passes.reindex(found.index).astype("Int32"))


def apply(tickets: pd.DataFrame, table: pd.DataFrame, taxonomy: Taxonomy) -> pd.DataFrame:
    """The tickets with the gold labels that annotations give them in place of those that they had.

    Args:
        tickets: with `text_key` and all `gold_*` columns.
        table: annotations, of other pools' tickets too.

    Raises:
        TriageError: an annotation of one of the tickets has a label that the taxonomy does not know.
    """
    said = newest(table)
    said = said[said.index.isin(tickets["text_key"])]
    check_labels(said, taxonomy, "the annotations")
    at = tickets.index[tickets["text_key"].isin(said.index)]
    rows = said.reindex(tickets.loc[at, "text_key"]).set_axis(at)
    found = tickets.copy()
    for label in LABEL_COLUMNS:
        column = f"{GOLD_PREFIX}{label}"
        found.loc[at, column] = rows[label].astype(found[column].dtype)
    return found


def first(table: pd.DataFrame) -> "pd.Series[str]":
    """How each text that has a standing reading was chosen the first time, by text key, in the order of that time."""
    known = table[table["text_key"].isin(standing(table)["text_key"]) & (table["how"] != WITHDRAWN)]
    return known.drop_duplicates("text_key").set_index("text_key")["how"]
