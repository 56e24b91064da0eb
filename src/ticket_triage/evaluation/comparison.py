"""Two models on the same tickets: is one better, and how sure is that?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from ticket_triage.evaluation import Evaluation, TaskEvaluation, metrics, urgency
from ticket_triage.files import TriageError
from ticket_triage.intervals import Figure, Floats, percentile, resamples
from ticket_triage.params import Guarded
from ticket_triage.schema import Task


@dataclass(frozen=True)
class Difference:
    """What the candidate does otherwise than the champion in one task; positive figures are in its favour."""

    macro_f1: Figure
    accuracy: Figure
    tickets: int
    changed: int  # answers that are not the same
    mended: int  # the champion was wrong, the candidate is right
    broken: int
    p_value: float  # that mended and broken differ so much by chance: McNemar's exact test, two-sided
    gains: Mapping[str, Figure] = field(
        default_factory=dict
    )  # of every figure that can be guarded, by its name


@dataclass(frozen=True)
class Pair:
    """Candidate and champion, if there is one, on the same tickets; `tasks` are those that both answer."""

    candidate: Evaluation
    champion: Evaluation | None
    tasks: dict[Task, Difference]
    confidence: float


# Of figures that may be guarded, those of which less is better.
_LESS = {"ece", "aurc", "log_loss", "missed_high"}
FLIPS = ("task", "key", "gold", "second", "champion", "candidate", "direction", "champion_routed", "routed")


def compare(
    candidate: Evaluation, champion: Evaluation | None, *, bootstrap: int, confidence: float, seed: int
) -> Pair:
    """Compare two evaluations ticket by ticket; differences have paired bootstrap intervals.

    Raises:
        TriageError: they are not of the same tickets with the same gold labels.
    """
    both = [task for task in candidate.tasks if champion is not None and task in champion.tasks]
    differences = {
        task: _difference(
            candidate.tasks[task],
            champion.tasks[task],
            candidate.settings.recall_high,
            bootstrap,
            confidence,
            seed,
        )
        for task in both
        if champion is not None
    }
    return Pair(candidate, champion, differences, confidence)


def _difference(
    candidate: TaskEvaluation,
    champion: TaskEvaluation,
    recall: float,
    bootstrap: int,
    confidence: float,
    seed: int,
) -> Difference:
    ours, theirs = candidate.answers, champion.answers
    if not (ours.index.equals(theirs.index) and ours["actual"].equals(theirs["actual"])):
        raise TriageError(
            "candidate and champion were evaluated on different tickets: evaluate both on the same file"
        )
    right, was_right = (table["predicted"] == table["actual"] for table in (ours, theirs))
    mended, broken = int((right & ~was_right).sum()), int((~right & was_right).sum())
    point = _gain(ours, theirs, recall)
    drawn = [_gain(ours, theirs, recall, weights) for weights in resamples(len(ours), bootstrap, seed)]
    found = {
        name: Figure(
            float(point[name][0]), *percentile(np.concatenate([part[name] for part in drawn]), confidence)
        )
        for name in point
    }
    return Difference(
        macro_f1=found["macro_f1"],
        accuracy=found["accuracy"],
        tickets=len(ours),
        changed=int((ours["predicted"] != theirs["predicted"]).sum()),
        mended=mended,
        broken=broken,
        p_value=float(binomtest(mended, mended + broken).pvalue) if mended + broken else 1.0,
        gains=found,
    )


def _gain(
    ours: pd.DataFrame, theirs: pd.DataFrame, recall: float, weights: Floats | None = None
) -> dict[str, Floats]:
    both = [metrics.figures(table, weights)[0] for table in (ours, theirs)]
    if all(table["urgency"].notna().any() for table in (ours, theirs)):
        both = [
            found | urgency.figures(table, recall, weights)
            for found, table in zip(both, (ours, theirs), strict=True)
        ]
    signs = {name: -1 if name in _LESS else 1 for name in get_args(Guarded)}
    return {name: sign * (both[0][name] - both[1][name]) for name, sign in signs.items() if name in both[0]}


def flips(pair: Pair) -> pd.DataFrame:
    """The tickets whose label is another one by the candidate, and whether that is for the better.

    Returns:
        FLIPS, a row per task and ticket; direction is `mended` or `broken` (by the first gold label) or `both wrong`;
        ordered by task, direction and key. No rows without a champion.
    """
    parts = []
    for task in pair.tasks:
        assert pair.champion is not None
        ours, theirs = pair.candidate.tasks[task].answers, pair.champion.tasks[task].answers
        right, was_right = (table["predicted"] == table["actual"] for table in (ours, theirs))
        rows = pd.DataFrame(
            {
                "task": task,
                "key": ours["key"],
                "gold": ours["actual"],
                "second": ours["second"],
                "champion": theirs["predicted"],
                "candidate": ours["predicted"],
                "direction": np.select([right, was_right], ["mended", "broken"], "both wrong"),
                "champion_routed": theirs["auto"],
                "routed": ours["auto"],
            }
        )
        parts.append(rows[ours["predicted"] != theirs["predicted"]].sort_values(["direction", "key"]))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(FLIPS))
