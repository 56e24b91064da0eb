"""Gold labels that the cross-validated vote contradicts with high confidence: a list to read again (the cleanlab room).

Source: Northcutt, Jiang and Chuang, Confident Learning: Estimating Uncertainty in Dataset Labels, 2021.
"""

from collections import Counter
from collections.abc import Mapping
from importlib.resources import files as resources
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

from ticket_triage.files import atomic, write_json, write_text
from ticket_triage.params import Audit
from ticket_triage.schema import GOLD_PREFIX, Task

COLUMNS = [
    "task",
    "text_key",
    "ticket_id",
    "part",
    "gold",
    "second",
    "says",
    "confidence",
    "given",
    "quality",
]
PAIRS = 8  # of labels that contradict each other, on the page


class Audited(NamedTuple):
    """How many gold labels were held against the vote, and those that are doubtful: COLUMNS, the worst first."""

    labels: int
    rows: pd.DataFrame


def contradicted(task: Task, tickets: pd.DataFrame, guesses: pd.DataFrame, settings: Audit) -> Audited:
    """Tickets whose gold label is doubtful, the most doubtful first.

    A second gold label is no contradiction: what the vote gives to it counts as given to the first.

    Args:
        tickets: `ticket_id`, `text_key`, `part`, gold columns.
        guesses: probabilities from models that had not learnt from the ticket, indexed by ticket id, a column for
            each class. Tickets without a row, and labels without a column, are left out.

    Returns:
        Its rows: `says` is the vote's label, with probability `confidence`; `given` is the probability of the gold
        label; `quality` is cleanlab's score, 0 to 1, low where the label is doubtful.
    """
    rows = tickets.set_index("ticket_id", drop=False).rename_axis(None)
    gold = rows[f"{GOLD_PREFIX}{task}"]
    rows = rows[gold.isin(guesses.columns) & rows.index.isin(guesses.index)]
    if rows.empty:
        return Audited(0, pd.DataFrame(columns=COLUMNS))
    second = rows.get(f"{GOLD_PREFIX}second_{task}", pd.Series(None, index=rows.index, dtype="str"))
    place, other = (
        guesses.columns.get_indexer(pd.Index(labels)) for labels in (rows[f"{GOLD_PREFIX}{task}"], second)
    )
    shares = guesses.loc[rows.index].to_numpy(copy=True)
    at = np.flatnonzero((other >= 0) & (other != place))
    shares[at, place[at]] += shares[at, other[at]]
    shares[at, other[at]] = 0.0
    shares /= shares.sum(axis=1, keepdims=True)  # cleanlab refuses a sum that rounding has moved
    # One process: others would fight over two cores for a thousandth of a second's work.
    doubtful = find_label_issues(place, shares, filter_by=settings.filter, n_jobs=1)
    found = pd.DataFrame(
        {
            "task": task,
            "text_key": rows["text_key"],
            "ticket_id": rows["ticket_id"],
            "part": rows["part"],
            "gold": rows[f"{GOLD_PREFIX}{task}"],
            "second": second,
            "says": guesses.columns[shares.argmax(axis=1)],
            "confidence": shares.max(axis=1),
            "given": shares[np.arange(len(rows)), place],
            "quality": get_label_quality_scores(place, shares, method=settings.score),
        }
    )
    listed = found[doubtful & (found["confidence"] >= settings.min_confidence)]
    return Audited(len(rows), listed.sort_values(["quality", "text_key"], ignore_index=True))


def write(folder: Path, found: Mapping[Task, Audited], settings: Audit) -> None:
    """Make `folder` hold review.csv, audit.json and audit.html, a page that opens offline, and nothing else."""
    table = pd.concat([pd.DataFrame(columns=COLUMNS), *(one.rows for one in found.values() if len(one.rows))])
    counts = {task: {"gold": one.labels, "listed": len(one.rows)} for task, one in found.items()}
    shown = {
        task: {"pairs": _pairs(one.rows), "rows": _shown(one.rows, settings.shown)}
        for task, one in found.items()
    }
    text = (resources(__package__) / "audit.html").read_text("utf-8")
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    rows = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    with atomic(folder) as draft:
        write_text(draft / "review.csv", rows)
        write_json(draft / "audit.json", counts)
        html = page.from_string(text).render(tasks=shown, counts=counts, settings=settings)
        write_text(draft / "audit.html", html)


def _pairs(rows: pd.DataFrame) -> list[tuple[str, str, int]]:
    """Which labels contradict which, the most frequent first."""
    counted = Counter(zip(rows["gold"], rows["says"], strict=True))
    return [(gold, says, count) for (gold, says), count in counted.most_common(PAIRS)]


def _shown(rows: pd.DataFrame, most: int) -> list[dict[str, Any]]:
    table = rows.head(most).astype(object).where(rows.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
