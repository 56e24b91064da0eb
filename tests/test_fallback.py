import numpy as np
import small_taxonomy

from ticket_triage.models.fallback import Fallback, points

WEIGHTS = {"keywords": 1.0, "patterns": 1.5, "alarms": 2.0, "question": 0.5, "neighbours": 3.0}


def test_rules_speak_for_their_category_or_for_its_priority() -> None:
    small = small_taxonomy.make()
    columns = ["keywords.billing", "patterns.praise", "neighbours.billing", "safety", "question"]
    category = points(columns, small, "category", ("billing", "delivery", "praise"), WEIGHTS)
    assert category.tolist() == [[1, 0, 3, 0, 0], [0] * 5, [0, 1.5, 0, 0, 0]]
    priority = points(columns, small, "priority", ("high", "low", "medium"), WEIGHTS)
    assert priority.tolist() == [[0, 0, 0, 2, 0], [0, 1.5, 0, 0, 0.5], [1, 0, 0, 0, 0]]


def test_it_answers_by_the_taxonomy_alone() -> None:
    rules = Fallback(classes=("billing", "delivery"), weights=WEIGHTS)
    found = rules.predict_proba(small_taxonomy.make(), "category", ["my refund", "the parcel", "hm"])
    assert found.argmax(axis=1).tolist()[:2] == [0, 1]
    assert found[2].tolist() == [0.5, 0.5]


def test_it_is_as_sure_as_it_is_right() -> None:
    small, texts = small_taxonomy.make(), ["a refund"] * 10
    rules = Fallback(classes=("billing", "delivery"), weights=WEIGHTS)
    honest = rules.calibrated(small, "category", texts, np.array([0] * 6 + [1] * 4))
    assert abs(honest.predict_proba(small, "category", texts)[0, 0] - 0.6) < 0.01
