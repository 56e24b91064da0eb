"""How well urgent tickets are found."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_recall_curve, precision_score, recall_score

from ticket_triage.evaluation import answered, urgency
from ticket_triage.intervals import resamples, wilson


def table(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    gold = pd.Series(generator.choice(["low", "medium", "high"], rows, p=[0.4, 0.4, 0.2]))
    proba = pd.DataFrame(generator.dirichlet([1, 1, 1], rows), columns=["high", "low", "medium"])
    proba["high"] += 0.5 * (gold == "high")
    proba = proba.div(proba.sum(axis=1), axis=0).round(3)
    return answered.table(gold, proba, urgency=proba["high"])


def test_figures_are_scikit_learns() -> None:
    rows = table()
    found = {name: float(value[0]) for name, value in urgency.figures(rows, 0.7).items()}
    gold, called = rows["actual"] == "high", rows["predicted"] == "high"
    assert found["recall_high"] == pytest.approx(recall_score(gold, called))
    assert found["precision_high"] == pytest.approx(precision_score(gold, called))
    precision, recall, _ = precision_recall_curve(gold, rows["urgency"])
    assert found["precision_at_recall"] == pytest.approx(precision[recall >= 0.7][-1])
    assert found["missed_high"] == pytest.approx((rows["predicted"][gold] == "low").mean())


def test_a_resample_is_the_table_with_its_rows_repeated() -> None:
    rows = table(60)
    weights = next(resamples(60, 5, 1))
    drawn = urgency.figures(rows, 0.7, weights)
    for number, counts in enumerate(weights.astype(int)):
        again = urgency.figures(rows.iloc[np.repeat(np.arange(60), counts)], 0.7)
        assert {n: v[number] for n, v in drawn.items()} == pytest.approx({n: v[0] for n, v in again.items()})


def test_shares_of_counted_tickets_have_wilsons_bounds_and_nothing_is_said_of_no_tickets() -> None:
    rows = table()
    found = urgency.summary(rows, 0.7, bootstrap=50, confidence=0.9, seed=0)
    gold = rows["actual"] == "high"
    missed = int((rows["predicted"][gold] == "low").sum())
    assert found["missed_high"][1:] == wilson(missed, int(gold.sum()), 0.9)
    assert found["precision_at_recall"].low <= found["precision_at_recall"].value
    none = urgency.summary(rows[~gold], 0.7, bootstrap=10, confidence=0.9, seed=0)
    assert np.isnan(
        [none[name].value for name in ("recall_high", "missed_high", "precision_at_recall")]
    ).all()
