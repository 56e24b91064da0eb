"""Groups beside each other: the rates are of each group, and chance is told apart from a difference."""

import numpy as np
import pandas as pd
import pytest

from ticket_triage import params
from ticket_triage.evaluation import answered, fairness

SETTINGS = params.Evaluate(bootstrap=200, confidence=0.9, min_slice=30, recall_high=0.7, deletion=40, seed=0)


def drawn(wrong: dict[str, float], rows: int = 400, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Answers of groups that are wrong as often as told, routed alike."""
    generator = np.random.default_rng(seed)
    groups = pd.Series(generator.choice(list(wrong), rows))
    right = generator.random(rows) >= groups.map(wrong)
    proba = pd.DataFrame({"a": np.where(right, 0.9, 0.2), "b": np.where(right, 0.1, 0.8)})
    auto = pd.Series(generator.random(rows) < 0.5)
    return answered.table(pd.Series(["a"] * rows), proba, auto=auto), pd.DataFrame({"brand": groups})


def test_the_difference_and_the_ratio_are_of_the_groups_rates() -> None:
    answers, by = drawn({"one": 0.1, "two": 0.4, "three": 0.3})
    found = fairness.table(answers, by, SETTINGS).set_index("rate")
    rates = (answers["predicted"] == "b").groupby(by["brand"]).mean()
    row = found.loc["wrong"]
    assert (row["lowest"], row["highest"]) == (rates.idxmin(), rates.idxmax()) == ("one", "two")
    assert row["difference"] == pytest.approx(rates.max() - rates.min())
    assert row["ratio"] == pytest.approx(rates.min() / rates.max())
    assert row["difference_low"] <= row["difference"] <= row["difference_high"]
    assert row["difference"] > row["chance"]
    routed = answers["auto"].groupby(by["brand"]).mean()
    assert found.loc["routed", "difference"] == pytest.approx(routed.max() - routed.min())


def test_groups_that_are_alike_seldom_differ_by_more_than_chance() -> None:
    more = []
    for seed in range(20):
        answers, by = drawn(dict.fromkeys("abcdef", 0.2), seed=seed)
        found = fairness.table(answers, by, SETTINGS)
        more += (found["difference"] > found["chance"]).tolist()
    assert 0 < np.mean(more) <= 0.25


def test_small_groups_those_not_known_and_dimensions_of_one_group_are_left_out() -> None:
    answers, by = drawn({"one": 0.1, "two": 0.4})
    small = by.assign(brand=["not known"] * 100 + ["tiny"] * 10 + by["brand"].tolist()[110:], tier="gold")
    found = fairness.table(answers, small, SETTINGS)
    assert set(found["dimension"]) == {"brand"}
    assert (found["groups"] == 2).all() and (found["tickets"] == 290).all()
    unjudged = answers.assign(judged=False)
    assert fairness.table(unjudged, by, SETTINGS)["rate"].tolist() == ["wrong"]
