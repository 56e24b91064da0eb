"""The decision rule: what is routed, what may be true besides, what is never called low; chosen on gold alone.

Each part is chosen on its own gold that no member learnt from: thresholds and prediction sets on a half of validation
each, the guard on out-of-fold predictions of train.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binom

from ticket_triage.labeling.functions import LEGAL, SAFETY
from ticket_triage.params import Assemble
from ticket_triage.schema import TASKS, Frozen, Task
from ticket_triage.taxonomy import Taxonomy

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NEVER = 1.01  # no confidence is above 1, and a saturated one is 1
LOW, HIGH = "low", "high"
STEPS, STARTS = 20, 4  # thresholds that are tried, and from how many of them a search sets out
_ROUNDING = 1e-9  # of probabilities that went through a file


class Threshold(Frozen):
    """Confidence from which a task's label needs no person, and where that figure comes from."""

    value: float
    why: str
    languages: tuple[str, ...] | None = None  # that the promise was made for; None: no promise was made


class Sets(Frozen):
    """Labels at least this probable are in the set, which then holds the gold label as often as `coverage` says."""

    coverage: float
    least: float
    tickets: int


class Guard(Frozen):
    """A `low` is not believed where a word of safety stands or `high` is at least this probable.

    The counts are of out-of-fold predictions on train: gold `high` that were called low all the same, of all gold
    `high`; gold `low` that were raised, of all gold `low`.
    """

    suspicion: float
    missed: int
    high: int
    raised: int
    low: int


def choose_threshold(
    confidence: Floats, right: Flags, languages: "pd.Series[str]", promised: float, settings: Assemble
) -> Threshold:
    """The lowest confidence from which tickets may be routed with the promised precision.

    In steps of a twentieth of the tickets, surest first: would so many of them be right by chance if the precision were
    below the promise? A search goes on until that is likely enough, and sets out anew from every fifth of the way, so
    that the chance of breaking the promise is at most `promise_risk` although many thresholds are tried
    (fixed-sequence testing from several starts: Angelopoulos et al., Learn then Test, 2021). Tickets of equal
    confidence are routed together.

    The promise is for languages with `min_calibration` tickets; others go to a person.
    """
    if len(right) < settings.min_calibration:
        return Threshold(
            value=settings.fallback_threshold,
            why=f"fallback, no promise: {len(right)} gold tickets, {settings.min_calibration} are needed for one",
        )
    order = np.argsort(-confidence, kind="stable")
    ends = np.flatnonzero(
        np.append(np.diff(confidence[order]) != 0, True)
    )  # a threshold lies after one of these
    ends = ends[np.searchsorted(ends, np.arange(1, STEPS + 1) * len(order) // STEPS - 1)]
    hits = np.cumsum(right[order])[ends]
    sound = binom.sf(hits - 1, ends + 1, promised) <= settings.promise_risk / STARTS
    last = -1
    for start in range(STEPS // (STARTS + 1) - 1, STEPS - 1, STEPS // (STARTS + 1)):
        passed = STEPS - start if sound[start:].all() else int(sound[start:].argmin())
        last = max(last, start + passed - 1 if passed else -1)
    if last < 0:
        return Threshold(
            value=NEVER,
            why=f"a precision of {promised:g} cannot be promised from {len(right)} validation tickets",
            languages=(),
        )
    counts = languages.value_counts()
    kept = int(ends[last]) + 1
    return Threshold(
        value=float(confidence[order[ends[last]]]),
        why=f"precision {hits[last] / kept:.3f} on the {kept} of {len(order)} validation tickets above it,"
        f" enough to promise {promised:g} with a risk of {settings.promise_risk:g}",
        languages=tuple(sorted(counts.index[counts >= settings.min_calibration])),
    )


def choose_sets(own: Floats, coverage: float) -> Sets | None:
    """How probable a label must be to be in the set; None where there is too little gold for that coverage.

    Split conformal prediction with the probability of the true label as its score (Sadinle, Lei and Wasserman, Least
    Ambiguous Set-Valued Classifiers, 2019).

    Args:
        own: the probability that each gold label was given, 0 for one that the model does not know.
    """
    rank = int(np.ceil((len(own) + 1) * coverage))
    if rank > len(own):
        return None
    least = float(np.sort(own)[::-1][rank - 1])
    return Sets(coverage=coverage, least=max(0.0, least - _ROUNDING), tickets=len(own))


def choose_guard(
    probabilities: pd.DataFrame, gold: "pd.Series[str]", alarmed: Flags, most: float
) -> Guard | None:
    """The highest suspicion at which at most the share `most` of gold `high` is called low; None without both labels.

    Args:
        probabilities: calibrated, out of fold; a column for each label.
        gold: their labels.
        alarmed: where a word of safety stands in the text.
    """
    if not {LOW, HIGH} <= set(probabilities.columns):
        return None
    high, low = (gold == HIGH).to_numpy(), (gold == LOW).to_numpy()
    called = (probabilities.idxmax(axis=1) == LOW).to_numpy()
    fear = probabilities[HIGH].to_numpy()
    unseen = np.sort(fear[high & called & ~alarmed])
    allowed = int(most * high.sum())
    suspicion = float(unseen[allowed]) - _ROUNDING if len(unseen) > allowed else NEVER
    raised = called & (alarmed | (fear >= suspicion))
    return Guard(
        suspicion=suspicion,
        missed=int((high & called & ~raised).sum()),
        high=int(high.sum()),
        raised=int((low & raised).sum()),
        low=int(low.sum()),
    )


def decide(
    heads: Mapping[Task, Any],
    taxonomy: Taxonomy,
    probabilities: Mapping[Task, pd.DataFrame],
    table: pd.DataFrame,
    rang: Sequence[frozenset[str]],
) -> pd.DataFrame:
    """Labels, confidences, sets, route and decision from calibrated probabilities, indexed as `table`.

    Args:
        heads: of the triage model, by task.
        table: features of the tickets.
        rang: which kinds of alarm words stand in each ticket.
    """
    index = table.index
    unsure: list[list[str]] = [[] for _ in range(len(index))]
    columns: dict[str, Any] = {}
    for task in TASKS:
        if task not in probabilities:
            for name in (task, f"{task}_set"):
                columns[name] = np.full(len(index), None, dtype=object)
            columns[f"{task}_confidence"] = np.full(len(index), np.nan)
            continue
        head = heads[task]
        matrix = probabilities[task].to_numpy()
        names = np.array(head.classes, dtype=object)
        best = matrix.argmax(axis=1)
        if head.guard is not None:
            best = _guarded(matrix, best, names, head.guard, rang, unsure)
        confidence = matrix[np.arange(len(matrix)), best]
        columns[task] = names[best]
        columns[f"{task}_confidence"] = confidence
        columns[f"{task}_set"] = _sets(matrix, best, names, head.sets)
        _doubt(task, head.threshold, confidence, table["language"], unsure)
    routes = {c.label: (c.department, c.team) for c in taxonomy.categories}
    for place, name in enumerate(("department", "team")):
        found = [routes.get(label, (None, None))[place] for label in columns["category"]]
        columns[name] = np.array(found, dtype=object)
    columns["decision"] = np.array(["review" if why else "auto" for why in unsure], dtype=object)
    columns["review_reasons"] = pd.Series(unsure, index=index, dtype=object)
    columns["escalation"] = pd.Series(_escalation(columns, table, rang), index=index, dtype=object)
    return pd.DataFrame({name: pd.Series(value, index=index) for name, value in columns.items()})


def _guarded(
    matrix: Floats,
    best: npt.NDArray[np.intp],
    names: np.ndarray,
    guard: Guard,
    rang: Sequence[frozenset[str]],
    unsure: list[list[str]],
) -> npt.NDArray[np.intp]:
    """The best label, or the best but `low` where that is not believed; such a ticket is always for a person."""
    low, high = (int(np.flatnonzero(names == name)[0]) for name in (LOW, HIGH))
    fear = matrix[:, high]
    ringing = np.fromiter((SAFETY in kinds for kinds in rang), dtype=bool, count=len(rang))
    raised = np.flatnonzero((best == low) & (ringing | (fear >= guard.suspicion)))
    found = best.copy()
    others = np.delete(np.arange(matrix.shape[1]), low)
    found[raised] = others[matrix[raised][:, others].argmax(axis=1)]
    for row in raised.tolist():
        why = "words of safety" if ringing[row] else f"{HIGH} has {fear[row]:.2f}"
        unsure[row].append(f"priority: {LOW} is not believed, {why}")
    return found


def _sets(
    matrix: Floats, best: npt.NDArray[np.intp], names: np.ndarray, sets: Sets | None
) -> "pd.Series[Any] | np.ndarray":
    """Labels of each row's set, most probable first; the answer is always among them."""
    found = np.full(len(matrix), None, dtype=object)
    if sets is None:
        return found
    kept = matrix >= sets.least
    kept[np.arange(len(matrix)), best] = True
    order = np.argsort(-matrix, axis=1, kind="stable")
    for row in range(len(matrix)):
        found[row] = [str(names[column]) for column in order[row] if kept[row, column]]
    return found


def _doubt(
    task: Task,
    threshold: Threshold,
    confidence: Floats,
    languages: "pd.Series[str]",
    unsure: list[list[str]],
) -> None:
    """Why each ticket of a task cannot be routed, added to its reasons."""
    for row in np.flatnonzero(confidence < threshold.value):
        ours, least = _apart(confidence[row], threshold.value)
        unsure[row].append(f"{task}: confidence {ours} is below {least}")
    if threshold.languages:
        strange = np.flatnonzero(
            ~languages.isin(threshold.languages).to_numpy() & (confidence >= threshold.value)
        )
        for row in strange:
            unsure[row].append(f"{task}: nothing is promised for the language {languages.iloc[row]}")


def _apart(one: float, other: float) -> tuple[str, str]:
    """Two different figures with as many digits as tell them apart, two at least."""
    for digits in range(2, 9):
        first, second = f"{one:.{digits}f}", f"{other:.{digits}f}"
        if first != second:
            break
    return first, second


def _escalation(
    columns: Mapping[str, Any], table: pd.DataFrame, rang: Sequence[frozenset[str]]
) -> list[list[str]]:
    """Why somebody should look at a ticket soon, whoever it is routed to."""
    angry = (table["sentiment"] <= -0.5).to_numpy()
    again = ((table["repeat_contact"] > 0) | (table["earlier_tickets"] > 0)).to_numpy()
    urgent = columns["priority"] == HIGH
    found: list[list[str]] = []
    for row in range(len(table)):
        why = ["high priority"] if urgent[row] else []
        if angry[row] and again[row]:
            why.append("angry, and not for the first time")
        words = {SAFETY: "words of safety", LEGAL: "words of the law"}
        found.append(why + [said for kind, said in words.items() if kind in rang[row]])
    return found
