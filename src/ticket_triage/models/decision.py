"""The decision rule at work: what is routed, what may be true besides, what is not believed to be low."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ticket_triage.labeling.functions import LEGAL, SAFETY
from ticket_triage.models.calibration import HIGH, LOW, Flags, Guard, Sets
from ticket_triage.schema import TASKS, Sentiment, Task
from ticket_triage.taxonomy import Taxonomy

if TYPE_CHECKING:
    import pandas as pd

# Alone and among others a ticket's probabilities are added up in another order: a threshold that one of them chose must
# not stand between the two sums.
_ROUNDING = 1e-9

URGENT = "urgent"  # what the customer, or who took the ticket, said of it; among the words of alarm
ALARMED = {SAFETY: "words of safety", LEGAL: "words of the law", URGENT: "said to be urgent"}
_BELIEVED = (SAFETY, URGENT)  # with these a ticket is not low


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rule asks of a ticket besides probabilities.

    `rang`: kinds of alarm words that stand in it; `degraded`: a member of the vote could not answer it.
    """

    language: str
    sentiment: float
    repeat_contact: float
    earlier_tickets: float
    rang: frozenset[str]
    degraded: bool = False


def feeling(compound: float) -> Sentiment:
    """What VADER's compound score is called, by the bounds that its authors give (Hutto & Gilbert 2014)."""
    return "positive" if compound >= 0.05 else "negative" if compound <= -0.05 else "neutral"


def urgent(urgency: Any) -> bool:
    """Whether somebody said of a ticket that it cannot wait."""
    return urgency in ("high", "critical")


def routes(taxonomy: Taxonomy) -> dict[str, tuple[str | None, str | None]]:
    """Department and team of each category."""
    return {category.label: (category.department, category.team) for category in taxonomy.categories}


def judge(
    heads: Mapping[Task, Any],
    routes: Mapping[str, tuple[str | None, str | None]],
    probabilities: Mapping[Task, list[float]],
    facts: Facts,
) -> dict[str, Any]:
    """Labels, confidences, sets, route and decision of one ticket: the only place where anything is decided.

    Args:
        heads: of the triage model, by task.
        probabilities: calibrated, in the order of each head's classes.
    """
    unsure: list[str] = []
    found: dict[str, Any] = {}
    for task in TASKS:
        if task not in probabilities:
            found |= {task: None, f"{task}_confidence": float("nan"), f"{task}_set": None}
            continue
        head, given = heads[task], probabilities[task]
        best = given.index(max(given))
        if head.guard is not None:
            best = _guarded(given, best, head.classes, head.guard, facts.rang, unsure)
        found[task] = head.classes[best]
        found[f"{task}_confidence"] = given[best]
        found[f"{task}_set"] = _set(given, best, head.classes, head.sets)
        limit = head.threshold.of(head.classes[best])
        _doubt(task, limit, head.threshold.languages, given[best], facts.language, unsure)
    if facts.degraded:  # what was promised was promised of the whole vote
        unsure.append("a part of the model could not answer")
    found["department"], found["team"] = routes.get(found["category"], (None, None))
    found["decision"] = "review" if unsure else "auto"
    found["review_reasons"] = unsure
    found["escalation"] = _escalation(found["priority"], facts)
    found["degraded"] = facts.degraded
    found["sentiment"], found["language"] = feeling(facts.sentiment), facts.language
    return found


def decide(
    heads: Mapping[Task, Any],
    taxonomy: Taxonomy,
    probabilities: Mapping[Task, pd.DataFrame],
    table: pd.DataFrame,
    rang: Sequence[frozenset[str]],
    degraded: Flags,
) -> pd.DataFrame:
    """What `judge` makes of each ticket, indexed as `table`.

    Args:
        heads: of the triage model, by task.
        table: features of the tickets.
        rang: which kinds of alarm words stand in each ticket.
        degraded: which tickets a member of the vote could not answer.
    """
    given = {task: frame.to_numpy().tolist() for task, frame in probabilities.items()}
    named = [table[name].tolist() for name in ("language", "sentiment", "repeat_contact", "earlier_tickets")]
    places = routes(taxonomy)
    judged = [
        judge(heads, places, {task: rows[row] for task, rows in given.items()}, Facts(*facts))
        for row, facts in enumerate(zip(*named, rang, degraded.tolist(), strict=True))
    ]
    return frame(judged, table.index)


def frame(judged: Sequence[Mapping[str, Any]], index: pd.Index) -> pd.DataFrame:
    """What was judged of several tickets as a table."""
    import pandas as pd  # which one ticket needs not wait for

    names = (
        *(name for task in TASKS for name in (task, f"{task}_confidence", f"{task}_set")),
        *("department", "team", "decision", "review_reasons", "escalation", "sentiment", "language"),
    )
    columns = {}
    for name in names:
        if name.endswith("_confidence"):
            columns[name] = pd.Series([one[name] for one in judged], index=index, dtype="float64")
            continue
        values = np.empty(len(judged), dtype=object)
        for row, one in enumerate(judged):  # at once, lists of one length would become a matrix
            values[row] = one[name]
        columns[name] = pd.Series(values, index=index)
    columns["degraded"] = pd.Series([one["degraded"] for one in judged], index=index, dtype="bool")
    return pd.DataFrame(columns)


def _guarded(
    given: list[float],
    best: int,
    names: Sequence[str],
    guard: Guard,
    rang: frozenset[str],
    unsure: list[str],
) -> int:
    """The best label, or the best but `low` where that is not believed; such a ticket is always for a person."""
    low, high = names.index(LOW), names.index(HIGH)
    said = next((ALARMED[kind] for kind in _BELIEVED if kind in rang), None)
    if best != low or not (said or given[high] >= guard.suspicion):
        return best
    why = said or f"{HIGH} has {given[high]:.2f}"
    unsure.append(f"priority: {LOW} is not believed, {why}")
    return max((place for place in range(len(given)) if place != low), key=given.__getitem__)


def _set(given: list[float], best: int, names: Sequence[str], sets: Sets | None) -> list[str] | None:
    """Labels of the set, most probable first; the answer is always among them."""
    if sets is None:
        return None
    order = sorted(range(len(given)), key=lambda place: -given[place])
    return [names[place] for place in order if place == best or given[place] >= sets.least]


def _doubt(
    task: Task,
    limit: float,
    known: tuple[str, ...] | None,
    confidence: float,
    language: str,
    unsure: list[str],
) -> None:
    """Why a ticket's label cannot be believed without a person, added to its reasons."""
    if confidence < limit - _ROUNDING:
        ours, least = _apart(confidence, limit)
        unsure.append(f"{task}: confidence {ours} is below {least}")
    elif known and language not in known:
        unsure.append(f"{task}: nothing is promised for the language {language}")


def sure(reasons: pd.Series[Any], task: Task) -> pd.Series[bool]:
    """Where a task by itself asked for no person, from `review_reasons`."""
    others = tuple(f"{other}:" for other in TASKS if other != task)
    return reasons.map(lambda why: all(one.startswith(others) for one in why)).astype(bool)


def _apart(one: float, other: float) -> tuple[str, str]:
    """Two different figures with as many digits as tell them apart, two at least."""
    for digits in range(2, 9):
        first, second = f"{one:.{digits}f}", f"{other:.{digits}f}"
        if first != second:
            break
    return first, second


def _escalation(priority: str | None, facts: Facts) -> list[str]:
    """Why somebody should look at a ticket soon, whoever it is routed to."""
    why = ["high priority"] if priority == HIGH else []
    if facts.sentiment <= -0.5 and (facts.repeat_contact > 0 or facts.earlier_tickets > 0):
        why.append("angry, and not for the first time")
    return why + [said for kind, said in ALARMED.items() if kind in facts.rang]
