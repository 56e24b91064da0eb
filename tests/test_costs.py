"""What mistakes and reviews cost decides: by hand and by trying everything."""

import numpy as np
import pandas as pd
import pytest

from ticket_triage import params
from ticket_triage.models import costs

PRICES = params.Costs(missed_urgent=100.0, wrong_category=10.0, wrong_priority=5.0, review=2.0)
TASKS = ("category", "priority")


def drawn(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    """Tickets that are right as often as they are sure."""
    generator = np.random.default_rng(seed)
    one, two = generator.uniform(0.4, 1, rows), generator.uniform(0.4, 1, rows)
    wrong = generator.random(rows) > two
    urgent = wrong & (generator.random(rows) < 0.2)
    return pd.DataFrame(
        {
            "held": generator.random(rows) < 0.05,
            "wrong_category": generator.random(rows) > one,
            "wrong_priority": wrong & ~urgent,
            "missed_urgent": urgent,
            "category_confidence": one,
            "priority_confidence": two,
        }
    )


def test_cases_count_either_gold_label_and_an_urgent_miss_once() -> None:
    answer = pd.DataFrame(
        {
            "category": ["a", "a", "a", "a"],
            "category_confidence": 0.9,
            "priority": ["low", "medium", "high", "low"],
            "priority_confidence": 0.8,
        }
    )
    gold = pd.DataFrame(
        {
            "gold_category": ["a", "b", "b", None],
            "gold_second_category": [None, "a", None, None],
            "gold_priority": ["high", "low", "high", "low"],
        }
    )
    found = costs.cases(answer, np.array([False, True, False, False]), gold, TASKS)
    assert len(found) == 3, "one has no gold category"
    assert found["wrong_category"].tolist() == [False, False, True]
    assert found["wrong_priority"].tolist() == [False, True, False]
    assert found["missed_urgent"].tolist() == [True, False, False]
    assert found["held"].tolist() == [False, True, False]
    assert costs.price(found, PRICES).tolist() == [100, 5, 10]


def test_every_setting_is_what_routing_by_it_comes_to() -> None:
    table = drawn(80)
    for setting in costs.settings(table, PRICES, TASKS)[::37]:
        sure = costs.routed(table, setting.thresholds)
        assert setting.routed == pytest.approx(sure.mean())
        assert setting.cost == pytest.approx(np.where(sure, costs.price(table, PRICES), PRICES.review).mean())


def test_the_cheapest_is_chosen_and_people_can_keep_up() -> None:
    table = drawn()
    tried = costs.settings(table, PRICES, TASKS)
    cheapest = costs.choose(tried)
    assert cheapest.cost == pytest.approx(min(one.cost for one in tried))
    assert cheapest.cost < PRICES.review, "what is nearly always right costs less than reading it"
    kept = costs.choose(tried, 0.3)
    assert kept.reviewed <= 0.3 < cheapest.reviewed
    assert kept.cost == pytest.approx(min(one.cost for one in tried if one.reviewed <= 0.3))
    assert costs.choose(tried, 0.0).reviewed == pytest.approx(table["held"].mean()), "some are always read"


def test_dearer_reviews_route_more() -> None:
    table = drawn()
    shares = [
        costs.choose(costs.settings(table, PRICES.model_copy(update={"review": minutes}), TASKS)).routed
        for minutes in (0.5, 2.0, 8.0, 60.0)
    ]
    assert shares == sorted(shares) and shares[0] < shares[-1]


def test_one_task_is_enough() -> None:
    table = drawn()
    found = costs.choose(costs.settings(table, PRICES, ("priority",)))
    assert list(found.thresholds) == ["priority"]
    assert found.routed == pytest.approx(costs.routed(table, found.thresholds).mean())
