"""The thresholds that a model gets by a promise, by costs, by what people can read."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ticket_triage import params
from ticket_triage.models import operating
from ticket_triage.models.triage_model import TriageModel

SETTINGS = params.read(Path(__file__).parent.parent / "params.yaml").assemble


def settings(decide_by: str, **more: object) -> params.Assemble:
    return SETTINGS.model_copy(update={"decide_by": decide_by, **more})


@pytest.fixture(scope="module")
def half(split_tables: tuple[pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    _, validation = split_tables
    return validation[validation["half"] == "thresholds"]


def served(model: TriageModel, half: pd.DataFrame, chosen: params.Assemble) -> pd.Series:
    """Whether each ticket would be routed."""
    found = operating.thresholds(model, half, chosen)
    heads = {task: head.model_copy(update={"threshold": found[task]}) for task, head in model.heads.items()}
    return replace(model, heads=heads).predict(half)["decision"] == "auto"


def test_what_the_costs_chose_is_what_is_served(model: TriageModel, half: pd.DataFrame) -> None:
    chosen = settings("costs")
    limits = operating.thresholds(model, half, chosen)
    assert "by costs" in limits["category"].why and limits["category"].promised is None
    table = operating.weighed(model, half, chosen)
    named = {task: limit.value for task, limit in limits.items()}
    routed = operating.costs.routed(table, named)
    assert served(model, half, chosen)[table.index].tolist() == routed.tolist()
    assert routed.mean() > 0


def test_people_can_keep_up_with_what_is_left_to_them(model: TriageModel, half: pd.DataFrame) -> None:
    dear = {"costs": SETTINGS.costs.model_copy(update={"review": 0.01})}
    everything = served(model, half, settings("costs", **dear)).mean()
    capacity = SETTINGS.capacity.model_copy(update={"reviewers_can": 12.0, "incoming": 100.0})
    routed = served(model, half, settings("capacity", capacity=capacity, **dear)).mean()
    assert everything < 0.88 < routed
    assert (
        "people can read 12%"
        in operating.thresholds(model, half, settings("capacity", capacity=capacity, **dear))["priority"].why
    )


def test_with_little_gold_costs_are_not_weighed(model: TriageModel, half: pd.DataFrame) -> None:
    found = operating.thresholds(model, half.head(40), settings("costs"))
    assert {limit.value for limit in found.values()} == {SETTINGS.fallback_threshold}
    assert "40 gold tickets, 150 are needed" in found["category"].why


def test_the_promise_is_the_model_s_own(model: TriageModel, half: pd.DataFrame) -> None:
    found = operating.thresholds(model, half, settings("promise"))
    for task, head in model.heads.items():
        assert np.isclose(found[task].value, head.threshold.value)
        assert found[task].promised == head.threshold.promised
