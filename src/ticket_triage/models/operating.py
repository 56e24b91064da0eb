"""Where a model operates: the thresholds of its tasks, by a promise, by costs or by what people can read."""

from dataclasses import replace

import pandas as pd

from ticket_triage import features
from ticket_triage.intervals import at_most
from ticket_triage.models import calibration, costs
from ticket_triage.models.calibration import Threshold
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.params import Assemble
from ticket_triage.schema import GOLD_PREFIX, Task


def weighed(model: TriageModel, half: pd.DataFrame, settings: Assemble) -> pd.DataFrame:
    """What each ticket with gold would do if it were routed, as `costs.cases` gives it."""
    known = calibration.enough(features.build(half)["language"], settings)
    opened = Threshold(value=0.0, why="", languages=known)
    heads = {task: head.model_copy(update={"threshold": opened}) for task, head in model.heads.items()}
    answer = replace(model, heads=heads).predict(half)
    return costs.cases(answer, (answer["decision"] == "review").to_numpy(), half, model.tasks)


def thresholds(model: TriageModel, half: pd.DataFrame, settings: Assemble) -> dict[Task, Threshold]:
    """The thresholds that `settings.decide_by` asks for, chosen on gold tickets that nothing else was chosen on."""
    if settings.decide_by == "promise":
        return _promised(model, half, settings)
    table = weighed(model, half, settings)
    if len(table) < settings.min_calibration:
        why = f"fallback: {len(table)} gold tickets, {settings.min_calibration} are needed to weigh costs"
        return {task: Threshold(value=settings.fallback_threshold, why=why) for task in model.tasks}
    can = min(1.0, settings.capacity.reviewers_can / settings.capacity.incoming)
    most = _safely(can, len(table), settings.promise_risk) if settings.decide_by == "capacity" else 1.0
    found = costs.choose(costs.settings(table, settings.costs, model.tasks), most)
    why = (
        f"by costs: {found.cost:.2f} minutes a ticket on {len(table)} validation tickets,"
        f" {settings.costs.review:.2f} if people read all"
    )
    if settings.decide_by == "capacity":
        why = f"people can read {can:.0%}, {found.reviewed:.0%} go to them; {why}"
    known = calibration.enough(features.build(half)["language"], settings)
    return {
        task: Threshold(value=value, why=why, languages=known) for task, value in found.thresholds.items()
    }


def _safely(share: float, tickets: int, risk: float) -> float:
    """The share of so many tickets at which that of all others is still at most `share`, but for the risk."""
    if share >= 1:
        return 1.0
    return max((k for k in range(tickets) if at_most(k, tickets, 1 - risk) <= share), default=0) / tickets


def _promised(model: TriageModel, half: pd.DataFrame, settings: Assemble) -> dict[Task, Threshold]:
    answer = model.predict(half)
    languages = features.build(half)["language"]
    found = {}
    for task in model.tasks:
        gold = half[f"{GOLD_PREFIX}{task}"]
        right = (answer[task] == gold).fillna(False)
        if task == "category":
            right |= (answer[task] == half[f"{GOLD_PREFIX}second_category"]).fillna(False)
        judged = gold.notna().to_numpy()
        found[task] = calibration.choose_threshold(
            answer[f"{task}_confidence"].to_numpy()[judged],
            right.to_numpy(dtype=bool)[judged],
            languages[judged],
            settings.promised_precision[task],
            settings,
            answer[task][judged],
        )
    return found
