"""What a model says of itself beside what was measured: the first table of a report."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.stats import betabinom

from ticket_triage.evaluation import Evaluation
from ticket_triage.intervals import Figure
from ticket_triage.schema import Task

if TYPE_CHECKING:
    from ticket_triage.models.calibration import Sets


@dataclass(frozen=True)
class Claim:
    """A claim and its test; `kind` says how its figures are written, `holds` is None where nobody can tell."""

    task: Task
    says: str
    promised: str
    measured: Figure
    kind: str
    holds: bool | None
    verdict: str


def claims(evaluation: Evaluation) -> list[Claim]:
    """Promised precision, what sets hold, honest confidence and urgent tickets called low, task by task."""
    found = []
    for task, part in evaluation.tasks.items():
        figures = part.figures
        if part.threshold.promised is not None:
            either = ", first or second label" if part.answers["second"].notna().any() else ""
            found.append(_precision(task, part.threshold.promised, figures["sure_precision"], either))
        if part.sets is not None and "set_coverage" in figures:
            tickets, alpha = int(part.answers["covered"].count()), 1 - evaluation.settings.confidence
            found.append(_coverage(task, part.sets, figures["set_coverage"], tickets, alpha))
        found.append(_calibration(task, figures["ece"], figures["ece_floor"]))
        if part.guard is not None and "missed_high" in figures:
            found.append(_missed(task, part.guard.miss, figures["missed_high"]))
    return found


def _precision(task: Task, promised: float, measured: Figure, either: str) -> Claim:
    said = f"what this task is sure of is right{either}"
    return Claim(task, said, f"{promised:.0%}", measured, "percent", *_at_least(promised, measured))


def _at_least(promised: float, measured: Figure) -> tuple[bool | None, str]:
    if measured.value != measured.value:
        return None, "nothing was routed"
    if measured.value >= promised:
        return True, "kept"
    return (None, "below, by no more than chance") if measured.high >= promised else (False, "broken")


def _coverage(task: Task, sets: "Sets", measured: Figure, tickets: int, alpha: float) -> Claim:
    """Both halves draw lots: of sets set on n tickets as many others are covered as a beta-binomial says (Vovk,
    Conditional Validity of Inductive Conformal Predictors, 2012)."""
    inside = measured.low <= sets.coverage <= measured.high
    rank = math.ceil((sets.tickets + 1) * sets.coverage)
    drawn = betabinom(tickets, rank, sets.tickets + 1 - rank)
    likely = float(drawn.cdf(round(measured.value * tickets))) > alpha / 2
    holds = True if inside or measured.low > sets.coverage else None if likely else False
    verdict = (
        "inside the interval" if inside else "held more often" if holds else "below, by no more than chance"
    )
    said = f"sets of labels hold the gold label (set on {sets.tickets} others)"
    return Claim(
        task,
        said,
        f"{sets.coverage:.0%}",
        measured,
        "percent",
        holds,
        "broken" if holds is False else verdict,
    )


def _calibration(task: Task, measured: Figure, floor: Figure) -> Claim:
    chance = measured.value <= floor.high
    verdict = "no more than chance" if chance else "more than chance"
    said = f"confidence is how often it is right (calibration error; a perfect model shows {floor.value:.3f} here)"
    return Claim(task, said, f"up to {floor.high:.3f}", measured, "number", chance, verdict)


def _missed(task: Task, stated: Figure, measured: Figure) -> Claim:
    said = "gold high is not called low (promised: cross-fitted gold, with its upper bound)"
    holds = measured.low <= stated.high
    verdict = "agrees with the bound" if holds else "more than the bound"
    promised = f"{stated.value:.1%}, at most {stated.high:.1%}"
    return Claim(task, said, promised, measured, "percent", holds, verdict)
