"""Who agrees with whom, beyond chance."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from ticket_triage import params
from ticket_triage.annotation import agreement
from ticket_triage.labeling import annotations
from ticket_triage.labeling.annotations import Annotation, append
from ticket_triage.schema import GOLD_COLUMNS

EVALUATE = params.read(Path(__file__).parent.parent / "params.yaml").evaluate.model_copy(
    update={"bootstrap": 50}
)
ORDERS = [["low", "medium", "high"], ["medium", "low", "high"]]


def test_kappa_is_scikit_learns_with_an_interval_around_it() -> None:
    generator = np.random.default_rng(0)
    index = [f"{n:016x}" for n in range(200)]
    one = pd.DataFrame({"priority": generator.choice(["low", "medium", "high"], 200)}, index=index)
    one = one.assign(category=generator.choice(["a", "b"], 200), second_category=None, sentiment=None)
    other = one.copy()
    other.loc[index[:50], "priority"] = generator.choice(["low", "medium", "high"], 50)
    other.loc[index[:30], "category"] = "a"
    category, priority = agreement.measure(one, other, EVALUATE)
    assert priority.kappa.value == pytest.approx(cohen_kappa_score(one["priority"], other["priority"]))
    assert priority.kappa.low < priority.kappa.value < priority.kappa.high
    assert priority.quadratic is not None and priority.quadratic.value != priority.kappa.value
    assert category.quadratic is None and category.confused[0][:2] == ("a", "b")
    assert category.same == category.either == (one["category"] == other["category"]).mean()
    draws = np.array([pd.crosstab(one["priority"], other["priority"]).loc[order, order] for order in ORDERS])
    for weights in (None, "quadratic"):
        expected = [
            cohen_kappa_score(one["priority"], other["priority"], labels=o, weights=weights) for o in ORDERS
        ]
        assert np.allclose(agreement.kappas(draws.astype(float), weights), expected)
    same = agreement.measure(one.assign(category="a"), one.assign(category="a"), EVALUATE)
    assert np.isnan(same[0].kappa.value)


def test_only_readings_without_sight_of_labels_are_compared(tmp_path: Path) -> None:
    for at, how in enumerate(("again", "audit", "adjudicated")):
        key, now = f"{at:016x}", f"2024-01-01T00:00:0{at}+00:00"
        append(tmp_path / "a.csv", Annotation(key, "a", None, "low", None, None, "bo", now, how))
    before = pd.DataFrame({"text_key": [f"{n:016x}" for n in range(3)], "category": "a"}).reindex(
        columns=GOLD_COLUMNS
    )
    found = agreement.readers(annotations.read(tmp_path / "a.csv"), before)
    assert found["bo"].index.tolist() == ["0" * 16] and len(found["gold"]) == 3
