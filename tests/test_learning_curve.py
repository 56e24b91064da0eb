"""What more labels would bring, where it is known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_model

from ticket_triage import features, params
from ticket_triage.evaluation import learning_curve
from ticket_triage.evaluation.learning_curve import Curve

PARAMS = params.read(Path(__file__).parent.parent / "params.yaml")
SETTINGS = PARAMS.forecast.model_copy(update={"draws": 2, "bootstrap": 40})
TICKETS = small_model.tickets(400, seed=12).assign(customer=None)
TABLE = features.build(TICKETS)


def of(tickets: pd.DataFrame, settings: params.Forecast = SETTINGS, min_gold: int = 60) -> Curve | None:
    table = TABLE.loc[tickets.index]
    return learning_curve.of_task(table, tickets, "category", PARAMS.train.text, settings, min_gold)


@pytest.fixture(scope="module")
def curve() -> Curve:
    found = of(TICKETS)
    assert found is not None
    return found


def test_more_labels_help_and_the_law_goes_on_where_the_points_end(curve: Curve) -> None:
    value = curve.points["value"].to_numpy()
    assert value[-1] > value[0] + 0.1
    assert np.abs(curve.points["rows"] - np.array([33, 67, 133, 267])).max() <= 1
    assert (curve.points["low"] <= value + 1e-9).all() and (value <= curve.points["high"] + 1e-9).all()
    a, b, c = curve.law
    assert a <= 1 and b >= 0 and curve.now.value == pytest.approx(a - b * 400**-c)
    assert curve.gain.value == pytest.approx(b * (400**-c - 600**-c))
    assert 0 <= curve.gain.low <= curve.gain.value <= curve.gain.high < 0.2
    assert curve.rows == 400 and curve.more == 200
    assert set(curve.classes["label"]) == set(small_model.WORDS)
    assert (curve.classes["low"] <= curve.classes["f1"] + 1e-9).all()


def test_equal_tickets_give_equal_curves(curve: Curve) -> None:
    again = of(TICKETS)
    assert again is not None
    pd.testing.assert_frame_equal(again.points, curve.points)
    assert (again.law, again.gain) == (curve.law, curve.gain)


def test_the_law_is_found_again() -> None:
    sizes = np.array([100.0, 200, 400, 800])
    laws = [(0.9, 2.0, 0.5), (1.0, 3.0, 0.4), (0.7, 0.0, 0.5)]
    a, b, c = learning_curve._fit(sizes, np.array([a - b * sizes**-c for a, b, c in laws]))
    assert np.allclose(a, [0.9, 1.0, 0.7], atol=1e-6)
    assert np.allclose(b, [2.0, 3.0, 0.0], atol=1e-6) and np.allclose(c[:2], [0.5, 0.4])
    falling = learning_curve._fit(sizes, np.array([[0.9, 0.8, 0.7, 0.6]]))
    assert falling[1][0] == 0  # noise must not promise that labels do harm
    high = learning_curve._fit(sizes, np.array([[0.5, 0.8, 0.95, 1.0]]))
    assert high[0][0] <= 1


def test_large_gold_is_sampled_and_the_curve_carried_on_to_all_of_it() -> None:
    found = of(TICKETS, SETTINGS.model_copy(update={"max_rows": 150}))
    assert found is not None
    assert found.points["rows"].max() == 100 and found.rows == 400


def test_too_little_gold_has_no_curve() -> None:
    assert of(TICKETS.head(50)) is None
    assert of(TICKETS.assign(gold_category="one")) is None
    assert of(TICKETS.assign(gold_category=None)) is None
    rare = TICKETS.assign(gold_category=["odd", "odd", *TICKETS["gold_category"][2:]])
    found = of(rare)
    assert found is not None and "odd" not in set(found.classes["label"])
