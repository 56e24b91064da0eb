"""Thresholds by what mistakes and reviews cost, and by how many tickets people can read; pure.

A reviewed ticket costs its minutes and is taken to be right afterwards; a routed one costs what is wrong with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ticket_triage.models.calibration import HIGH, NEVER, Flags, Floats
from ticket_triage.params import Costs
from ticket_triage.schema import GOLD_PREFIX, Task

STEPS = 20  # thresholds of each task that are tried


@dataclass(frozen=True)
class Setting:
    """Thresholds and what they came to on the tickets that chose them: shares of tickets, minutes a ticket."""

    thresholds: dict[Task, float]
    routed: float
    cost: float

    @property
    def reviewed(self) -> float:
        """The share that goes to a person."""
        return 1 - self.routed


def cases(answer: pd.DataFrame, held: Flags, gold: pd.DataFrame, tasks: Sequence[Task]) -> pd.DataFrame:
    """What each ticket with gold for all tasks would do if it were routed.

    Args:
        answer: of `TriageModel.predict`, a row per ticket.
        held: tickets that go to a person whatever the thresholds are.
        gold: the split table of the same tickets.

    Returns:
        Columns held, wrong_category (neither gold label), wrong_priority, missed_urgent (gold `high`, answered lower;
        it is no `wrong_priority` then), and of each task <task> and <task>_confidence; indexed as `answer`.
    """
    found = pd.DataFrame({"held": held}, index=answer.index)
    found = found.assign(wrong_category=False, wrong_priority=False, missed_urgent=False)
    known = np.ones(len(answer), dtype=bool)
    for task in tasks:
        truth = gold[f"{GOLD_PREFIX}{task}"]
        known &= truth.notna().to_numpy()
        right = (answer[task] == truth).fillna(False)
        if task == "category":
            right |= (answer[task] == gold[f"{GOLD_PREFIX}second_category"]).fillna(False)
        else:
            found["missed_urgent"] = ~right & (truth == HIGH).fillna(False)
        found[f"wrong_{task}"] = ~right & ~found["missed_urgent"]
        found[task], found[f"{task}_confidence"] = answer[task], answer[f"{task}_confidence"]
    return found[known].copy()


def price(table: pd.DataFrame, costs: Costs) -> Floats:
    """Minutes that each ticket costs if it is routed."""
    named = ("wrong_category", "wrong_priority", "missed_urgent")
    minutes = np.array([getattr(costs, name) for name in named])
    return np.asarray(table[list(named)].to_numpy(np.float64) @ minutes)


def routed(table: pd.DataFrame, limits: Mapping[Task, Floats]) -> Flags:
    """Which tickets are routed if each task asks for its confidence in `limits` (one for all, or one a ticket)."""
    sure = ~table["held"].to_numpy(bool)
    for task, limit in limits.items():
        sure &= table[f"{task}_confidence"].to_numpy() >= limit
    return sure


def settings(table: pd.DataFrame, costs: Costs, tasks: Sequence[Task]) -> list[Setting]:
    """Every combination of thresholds that is tried, in steps of a twentieth of the tickets, and what it comes to.

    Args:
        table: as `cases` gives it, at least one ticket.
    """
    steps = {task: _steps(table[f"{task}_confidence"].to_numpy()) for task in tasks}
    apart = price(table, costs) - costs.review
    free = ~table["held"].to_numpy(bool)
    sure = [
        table[f"{task}_confidence"].to_numpy()[:, None] >= limits[None, :] for task, limits in steps.items()
    ]
    last = sure[-1] if len(sure) > 1 else np.ones((len(table), 1), dtype=bool)
    first = sure[0] & free[:, None]
    share = first.T.astype(float) @ last.astype(float) / len(table)
    cost = costs.review + (first * apart[:, None]).T @ last.astype(float) / len(table)
    found = []
    for one in range(share.shape[0]):
        for two in range(share.shape[1]):
            places = dict(zip(tasks, (one, two), strict=False))
            limits = {task: float(steps[task][place]) for task, place in places.items()}
            found.append(Setting(limits, float(share[one, two]), float(cost[one, two])))
    return found


def choose(tried: Sequence[Setting], most_reviewed: float = 1.0) -> Setting:
    """The cheapest setting that sends at most the share `most_reviewed` to people; of equal ones, the one routing most.

    Where even the lowest thresholds send more (some tickets always go to a person), the one that sends least.
    """
    allowed = [one for one in tried if one.reviewed <= most_reviewed + 1e-9]
    if not allowed:
        return max(tried, key=lambda one: (one.routed, -one.cost))
    return min(allowed, key=lambda one: (round(one.cost, 9), -one.routed))


def _steps(confidence: Floats) -> Floats:
    quantiles = np.quantile(confidence, np.arange(1, STEPS) / STEPS, method="lower")
    return np.unique(np.concatenate([[0.0], quantiles, [NEVER]]))
