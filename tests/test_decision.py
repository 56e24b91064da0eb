"""The decision rule: what it promises holds, and what it does not know goes to a person."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import small_taxonomy

from ticket_triage import features, params
from ticket_triage.labeling.functions import Alarms
from ticket_triage.models import decision
from ticket_triage.models.decision import Guard, Sets, Threshold

SETTINGS = params.read(Path(__file__).parent.parent / "params.yaml").assemble
ENGLISH = pd.Series(["en"] * 2000)


def threshold(confidence: np.ndarray, right: np.ndarray, promised: float = 0.9) -> Threshold:
    return decision.choose_threshold(confidence, right, ENGLISH[: len(right)], promised, SETTINGS)


def test_as_much_is_routed_as_can_be_promised() -> None:
    confidence = np.linspace(1, 0, 1000, endpoint=False)
    right = np.arange(1000) < 600  # the 600 surest are right
    found = threshold(confidence, right)
    assert 600 <= (confidence >= found.value).sum() <= 660
    assert found.languages == ("en",)


def test_the_promise_is_broken_no_more_often_than_the_risk_says() -> None:
    # Tickets whose label is right with exactly the probability that their confidence names.
    generator = np.random.default_rng(3)
    broken, routed = 0, []
    for _ in range(400):
        confidence = np.round(generator.uniform(0.7, 1.0, 420), 4)
        found = threshold(confidence, generator.random(420) < confidence)
        true = (1 + found.value) / 2  # the mean of all confidences above it
        broken += found.value < 1 and true < 0.9
        routed.append(max(0.0, (1 - found.value) / 0.3))
    assert broken / 400 <= SETTINGS.promise_risk
    assert np.mean(routed) > 0.25, "a rule that routes nothing keeps every promise"


def test_too_little_gold_falls_back_and_says_so() -> None:
    found = threshold(np.ones(20), np.ones(20, dtype=bool))
    assert found.value == SETTINGS.fallback_threshold
    assert found.languages is None
    assert "fallback, no promise: 20 gold tickets" in found.why


def test_a_promise_that_cannot_be_kept_routes_nothing() -> None:
    found = threshold(np.linspace(0, 1, 500), np.arange(500) % 2 == 0)
    assert found.value > 1.0
    assert "cannot be promised" in found.why


def test_equal_confidences_are_routed_together_or_not_at_all() -> None:
    confidence = np.r_[np.full(120, 0.83456), np.full(160, 0.5)]
    right = np.r_[np.ones(120, dtype=bool), np.arange(160) < 10]
    assert threshold(confidence, right).value == 0.83456


def test_a_language_with_little_gold_is_not_promised_anything() -> None:
    languages = pd.Series(["en"] * 400 + ["es"] * 40)
    found = decision.choose_threshold(
        np.linspace(1, 0.5, 440), np.ones(440, dtype=bool), languages, 0.9, SETTINGS
    )
    assert found.languages == ("en",)


def test_sets_cover_what_they_say() -> None:
    generator = np.random.default_rng(5)
    found = []
    for _ in range(200):
        probabilities = generator.dirichlet(np.ones(4) * 0.5, 600)
        truth = np.array([generator.choice(4, p=row) for row in probabilities])
        own = probabilities[np.arange(600), truth]
        sets = decision.choose_sets(own[:300], 0.9)
        assert sets is not None
        found.append((own[300:] >= sets.least).mean())
    assert np.mean(found) == pytest.approx(0.9, abs=0.01)


def test_no_set_is_promised_from_a_handful_of_tickets() -> None:
    assert decision.choose_sets(np.ones(5), 0.9) is None
    assert decision.choose_sets(np.ones(9), 0.9) is not None


def test_the_guard_pays_no_more_than_it_must() -> None:
    generator = np.random.default_rng(1)
    gold = pd.Series(generator.choice(["low", "medium", "high"], 3000, p=[0.5, 0.3, 0.2]))
    fear = np.where(gold == "high", generator.beta(3, 4, 3000), generator.beta(1, 9, 3000))
    probabilities = pd.DataFrame({"high": fear, "low": 1 - fear - 0.05, "medium": 0.05})
    nothing = np.zeros(3000, dtype=bool)
    found = decision.choose_guard(probabilities, gold, nothing, 0.02)
    assert found is not None
    assert found.missed == int(0.02 * found.high), "one more would be too many"
    loose = decision.choose_guard(probabilities, gold, nothing, 0.1)
    assert loose is not None
    assert loose.suspicion > found.suspicion
    assert loose.raised < found.raised < found.low
    rung = decision.choose_guard(probabilities, gold, (gold == "high").to_numpy(), 0.02)
    assert rung is not None
    assert (rung.missed, rung.raised) == (0, 0), "words alone see all of them"
    assert decision.choose_guard(probabilities[["low", "medium"]], gold, nothing, 0.02) is None


def test_a_ticket_is_routed_only_where_nothing_speaks_against_it() -> None:
    texts = {
        "I want a refund": (),
        "thank you": (),
        "thank you, there was smoke": ("priority: low is not believed, words of safety",),
        "thank you for the parcel": ("priority: low is not believed, high has 0.30",),
        "remboursement merci à vous pour votre aide et votre patience": (
            "category: nothing is promised for the language fr",
        ),
        "parcel": ("category: confidence 0.50 is below 0.60",),
    }
    labels, priorities = ("billing", "delivery", "praise"), ("high", "low", "medium")
    probabilities = {
        "category": pd.DataFrame(
            [[0.9, 0.05, 0.05], *[[0.02, 0.08, 0.9]] * 3, [0.9, 0.05, 0.05], [0.3, 0.5, 0.2]], columns=labels
        ),
        "priority": pd.DataFrame(
            [[0.1, 0.1, 0.8], *[[0.05, 0.85, 0.1]] * 2, [0.3, 0.5, 0.2], *[[0.1, 0.1, 0.8]] * 2],
            columns=priorities,
        ),
    }
    heads = {
        "category": SimpleNamespace(
            classes=labels,
            threshold=Threshold(value=0.6, why="", languages=("en", "und")),
            sets=Sets(coverage=0.9, least=0.07, tickets=300),
            guard=None,
        ),
        "priority": SimpleNamespace(
            classes=priorities,
            threshold=Threshold(value=0.1, why=""),
            sets=None,
            guard=Guard(suspicion=0.25, missed=0, high=10, raised=1, low=10),
        ),
    }
    taxonomy = small_taxonomy.make()
    table = features.build(pd.DataFrame({"text": list(texts)}))
    found = decision.decide(heads, taxonomy, probabilities, table, Alarms(taxonomy).find(texts))
    assert [tuple(why) for why in found["review_reasons"]] == list(texts.values())
    assert list(found["decision"]) == ["auto", "auto", *["review"] * 4]
    assert list(found["priority"]) == ["medium", "low", "medium", "high", "medium", "medium"]
    assert found["category_set"].tolist()[:2] == [["billing"], ["praise", "delivery"]]
    assert found["category_set"].iloc[5] == ["delivery", "billing", "praise"]
    assert found["priority_set"].isna().all()
    assert found["escalation"].tolist()[2:4] == [["words of safety"], ["high priority"]]


def test_a_confidence_just_below_the_threshold_is_told_apart_from_it() -> None:
    assert decision._apart(0.5, 0.6) == ("0.50", "0.60")
    assert decision._apart(0.366, 0.371) == ("0.366", "0.371")


def test_anger_that_comes_back_and_the_law_escalate() -> None:
    taxonomy = small_taxonomy.make(legal_words=["my lawyer"])
    texts = [
        "Still the worst, I hate this awful terrible mess again",
        "my lawyer will write",
        "worst, awful, I hate it",
    ]
    table = features.build(pd.DataFrame({"text": texts}))
    head = SimpleNamespace(classes=("a", "b"), threshold=Threshold(value=0.5, why=""), sets=None, guard=None)
    guess = {"category": pd.DataFrame([[0.9, 0.1]] * 3, columns=["a", "b"])}
    found = decision.decide({"category": head}, taxonomy, guess, table, Alarms(taxonomy).find(texts))
    assert found["escalation"].tolist() == [["angry, and not for the first time"], ["words of the law"], []]
    assert found["priority"].isna().all()
