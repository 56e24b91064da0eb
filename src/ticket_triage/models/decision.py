"""The decision rule at work: what is routed, what may be true besides, what is not believed to be low."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ticket_triage.labeling.functions import LEGAL, SAFETY
from ticket_triage.models.calibration import HIGH, LOW, Floats, Guard, Sets, Threshold
from ticket_triage.schema import TASKS, Task
from ticket_triage.taxonomy import Taxonomy


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
