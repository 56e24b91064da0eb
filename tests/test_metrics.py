"""Figures against scikit-learn's and against hand-made cases."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
)

from ticket_triage import intervals
from ticket_triage.evaluation import answered, metrics
from ticket_triage.intervals import resamples

CLASSES = ("a", "b", "c")


def drawn(
    rows: int = 400, seed: int = 0, classes: tuple[str, ...] = CLASSES, skill: float = 2.0
) -> pd.DataFrame:
    """Answers of an invented model that knows `skill` more of the gold class than of the others."""
    generator = np.random.default_rng(seed)
    gold = generator.choice(classes, rows)
    raw = generator.normal(size=(rows, len(classes))) + skill * (gold[:, None] == np.array(classes))
    proba = pd.DataFrame(np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True), columns=list(classes))
    second = pd.Series(
        np.where(generator.random(rows) < 0.3, generator.choice(classes, rows), None), dtype="object"
    )
    return answered.table(pd.Series(gold), proba, second=second, auto=proba.max(axis=1) > 0.8)


def point(table: pd.DataFrame) -> dict[str, float]:
    return {name: float(value[0]) for name, value in metrics.figures(table)[0].items()}


def test_figures_are_scikit_learns() -> None:
    table, found = drawn(), point(drawn())
    assert found["accuracy"] == pytest.approx(accuracy_score(table["actual"], table["predicted"]))
    assert found["macro_f1"] == pytest.approx(f1_score(table["actual"], table["predicted"], average="macro"))
    _, classes = metrics.summary(table, bootstrap=10, confidence=0.9, seed=1)
    theirs = precision_recall_fscore_support(table["actual"], table["predicted"], labels=classes["label"])
    assert np.allclose(classes[["precision", "recall", "f1", "support"]].to_numpy().T, np.array(theirs))
    assert (
        answered.confusion(table).to_numpy() == confusion_matrix(table["actual"], table["predicted"])
    ).all()


def test_log_loss_is_scikit_learns_even_for_a_class_the_model_never_saw() -> None:
    gold = pd.Series(["a", "b", "new"])
    proba = pd.DataFrame({"a": [0.7, 0.4, 0.5], "b": [0.3, 0.6, 0.5]})
    theirs = log_loss(gold, proba.assign(new=0.0), labels=["a", "b", "new"])
    assert point(answered.table(gold, proba))["log_loss"] == pytest.approx(theirs)


def test_a_class_that_gold_lacks_does_not_count_in_macro_f1_but_one_that_the_model_lacks_does() -> None:
    gold = pd.Series(["a", "a", "new", None])
    proba = pd.DataFrame({"a": [0.9, 0.4, 0.8, 0.5], "b": [0.1, 0.6, 0.2, 0.5]})
    table = answered.table(gold, proba)
    assert len(table) == 3
    assert point(table)["macro_f1"] == pytest.approx((0.5 + 0.0) / 2)
    _, classes = metrics.summary(table, bootstrap=5, confidence=0.9, seed=0)
    assert classes.set_index("label")["f1"].isna().to_dict() == {"a": False, "b": True, "new": False}


def test_the_second_label_counts_where_it_says_so() -> None:
    gold, second = pd.Series(["a", "a", "b"]), pd.Series(["b", None, None])
    proba = pd.DataFrame({"a": [0.1, 0.1, 0.1], "b": [0.9, 0.9, 0.9]})
    found = point(answered.table(gold, proba, second=second, auto=pd.Series([True, False, True])))
    assert (found["accuracy"], found["accuracy_second"]) == pytest.approx((1 / 3, 2 / 3))
    assert (found["auto_share"], found["auto_precision"], found["auto_precision_strict"]) == pytest.approx(
        (2 / 3, 1.0, 0.5)
    )


def test_tickets_that_are_not_judged_are_left_out_of_the_routing_figures_only() -> None:
    table = drawn().assign(judged=lambda frame: np.arange(len(frame)) < 100)
    part, whole = point(table.head(100)), point(table)
    assert whole["auto_share"] == part["auto_share"]
    assert whole["auto_precision"] == part["auto_precision"]
    assert whole["accuracy"] != part["accuracy"]


def test_calibration_error_of_a_known_case() -> None:
    confidence = pd.Series([0.95, 0.95, 0.55, 0.55])
    proba = pd.DataFrame({"a": confidence, "b": 1 - confidence})
    table = answered.table(pd.Series(["a", "b", "a", "a"]), proba)
    assert point(table)["ece"] == pytest.approx((2 * abs(0.5 - 0.95) + 2 * abs(1.0 - 0.55)) / 4)
    bins = metrics.reliability(table)
    assert bins["tickets"].tolist() == [2, 2]
    assert bins["accuracy"].tolist() == [1.0, 0.5]
    assert ((bins["above"] < bins["confidence"]) & (bins["confidence"] <= bins["to"])).all()


def test_risk_and_coverage_of_a_known_case() -> None:
    confidence = pd.Series([0.9, 0.8, 0.8, 0.6])
    proba = pd.DataFrame({"a": confidence, "b": 1 - confidence})
    table = answered.table(pd.Series(["a", "b", "a", "b"]), proba)
    curve = metrics.risk_coverage(table)
    assert curve["coverage"].tolist() == [0.25, 0.75, 1.0]
    assert curve["risk"].tolist() == pytest.approx([0, 1 / 3, 1 / 2])
    assert point(table)["aurc"] == pytest.approx((0 + 1 / 3 + 1 / 3 + 1 / 2) / 4)


def test_the_interval_of_a_small_calibration_error_holds_it() -> None:
    for seed in range(5):
        found, _ = metrics.summary(drawn(rows=600, seed=seed), bootstrap=100, confidence=0.9, seed=seed)
        assert 0 <= found["ece"].low <= found["ece"].value <= found["ece"].high


def test_nothing_routed_has_no_precision() -> None:
    found, _ = metrics.summary(drawn().assign(auto=False), bootstrap=20, confidence=0.9, seed=0)
    assert found["auto_share"] == (0, 0, 0)
    assert all(np.isnan(found["auto_precision"]))


def test_a_resample_is_as_if_its_rows_were_there_that_often() -> None:
    table = drawn(rows=60)
    (weights,) = resamples(len(table), 3, seed=5)
    values, _ = metrics.figures(table, weights)
    for number, counts in enumerate(weights.astype(int)):
        repeated = point(table.iloc[np.repeat(np.arange(len(table)), counts)])
        assert {name: value[number] for name, value in values.items()} == pytest.approx(repeated)


@given(st.integers(0, 1000), st.integers(2, 60))
def test_order_of_tickets_does_not_matter(seed: int, rows: int) -> None:
    table = drawn(rows=rows, seed=seed)
    assert point(table.sample(frac=1, random_state=seed)) == pytest.approx(point(table), nan_ok=True)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    truth = point(drawn(rows=100_000, seed=1))
    names = ("accuracy", "macro_f1", "aurc", "auto_share", "auto_precision", "log_loss")
    held = dict.fromkeys(names, 0)
    for seed in range(100):
        found, _ = metrics.summary(drawn(rows=200, seed=10 + seed), bootstrap=100, confidence=0.9, seed=seed)
        for name in names:
            held[name] += found[name].low <= truth[name] <= found[name].high
    assert min(held.values()) >= 80


def test_the_same_seed_gives_the_same_and_another_does_not() -> None:
    first, again, other = (
        metrics.summary(drawn(), bootstrap=50, confidence=0.9, seed=s)[0] for s in (1, 1, 2)
    )
    assert first == again != other


def test_a_thousand_resamples_of_a_full_test_are_quick() -> None:
    table = drawn(rows=1500, classes=tuple("abcdefghijk"))
    start = time.process_time()
    metrics.summary(table, bootstrap=1000, confidence=0.95, seed=0)
    assert time.process_time() - start < 1.5


def test_sets_are_counted_where_they_may_be_judged() -> None:
    proba = pd.DataFrame({"a": [0.6, 0.5, 0.9, 0.2], "b": [0.4, 0.5, 0.1, 0.8]})
    sets = pd.Series([["a"], ["a", "b"], None, ["b"]])
    table = answered.table(pd.Series(["a", "b", "a", "a"]), proba, sets=sets)
    assert point(table)["set_coverage"] == pytest.approx(2 / 3)
    assert point(table)["set_size"] == pytest.approx(4 / 3)
    assert "set_size" not in point(answered.table(pd.Series(["a", "b", "a", "a"]), proba))


def test_what_one_task_is_sure_of_is_told_beside_what_both_are() -> None:
    proba = pd.DataFrame({"a": [0.9, 0.8, 0.7, 0.6], "b": [0.1, 0.2, 0.3, 0.4]})
    sure, auto = pd.Series([True, True, True, False]), pd.Series([True, False, False, False])
    second = pd.Series([None, "a", None, None])
    table = answered.table(pd.Series(["a", "b", "b", "a"]), proba, second=second, auto=auto, sure=sure)
    found, _ = metrics.summary(table, bootstrap=20, confidence=0.9, seed=0)
    assert (found["sure_share"].value, found["auto_share"].value) == (0.75, 0.25)
    assert found["sure_precision"].value == pytest.approx(2 / 3)
    assert found["sure_precision_strict"].value == pytest.approx(1 / 3)
    assert found["sure_precision"][1:] == pytest.approx(intervals.wilson(2, 3, 0.9))


def test_bins_of_confidence_have_wilsons_bounds() -> None:
    table = drawn(rows=300)
    bins = metrics.reliability(table, 0.9)
    assert bins["tickets"].sum() == 300
    for row in bins.to_dict("records"):
        hits = round(row["accuracy"] * row["tickets"])
        assert (row["low"], row["high"]) == pytest.approx(intervals.wilson(hits, row["tickets"], 0.9))


def test_an_honest_model_shows_the_calibration_error_that_is_foretold() -> None:
    generator = np.random.default_rng(2)
    sure = pd.Series(np.round(generator.uniform(0.5, 1, 1200), 3))
    proba = pd.DataFrame({"a": sure, "b": 1 - sure})
    seen = []
    for _ in range(40):
        gold = pd.Series(np.where(generator.random(1200) < sure, "a", "b"))
        table = answered.table(gold, proba)
        seen.append(point(table)["ece"])
    floor = metrics.ece_floor(table, bootstrap=200, confidence=0.95, seed=0)
    assert np.mean(seen) == pytest.approx(floor.value, rel=0.1)
    assert floor.low < floor.value < floor.high < 0.05
