"""Two models on the same tickets: is one better, and how sure is that?"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from ticket_triage.evaluation import Evaluation, TaskEvaluation, metrics
from ticket_triage.files import TriageError
from ticket_triage.intervals import Figure, Floats, percentile, resamples
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


@dataclass(frozen=True)
class Pair:
    """Candidate and champion, if there is one, on the same tickets; `tasks` are those that both answer."""

    candidate: Evaluation
    champion: Evaluation | None
    tasks: dict[Task, Difference]
    confidence: float


def compare(
    candidate: Evaluation, champion: Evaluation | None, *, bootstrap: int, confidence: float, seed: int
) -> Pair:
    """Compare two evaluations ticket by ticket; differences have paired bootstrap intervals.

    Raises:
        TriageError: they are not of the same tickets with the same gold labels.
    """
    both = [task for task in candidate.tasks if champion is not None and task in champion.tasks]
    differences = {
        task: _difference(candidate.tasks[task], champion.tasks[task], bootstrap, confidence, seed)
        for task in both
        if champion is not None
    }
    return Pair(candidate, champion, differences, confidence)


def _difference(
    candidate: TaskEvaluation, champion: TaskEvaluation, bootstrap: int, confidence: float, seed: int
) -> Difference:
    ours, theirs = candidate.answers, champion.answers
    if not (ours.index.equals(theirs.index) and ours["actual"].equals(theirs["actual"])):
        raise TriageError(
            "candidate and champion were evaluated on different tickets: evaluate both on the same file"
        )
    right, was_right = (table["predicted"] == table["actual"] for table in (ours, theirs))
    mended, broken = int((right & ~was_right).sum()), int((~right & was_right).sum())
    point = _gain(metrics.figures(ours)[0], metrics.figures(theirs)[0])
    drawn = [
        _gain(metrics.figures(ours, weights)[0], metrics.figures(theirs, weights)[0])
        for weights in resamples(len(ours), bootstrap, seed)
    ]
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
    )


def _gain(ours: dict[str, Floats], theirs: dict[str, Floats]) -> dict[str, Floats]:
    return {name: ours[name] - theirs[name] for name in ("macro_f1", "accuracy")}
