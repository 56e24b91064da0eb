"""What is promised holds, and what cannot be promised is not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from ticket_triage import params
from ticket_triage.models import calibration
from ticket_triage.models.calibration import Threshold

SETTINGS = params.read(Path(__file__).parent.parent / "params.yaml").assemble
ENGLISH = pd.Series(["en"] * 2000)


def threshold(confidence: np.ndarray, right: np.ndarray, promised: float = 0.9) -> Threshold:
    return calibration.choose_threshold(confidence, right, ENGLISH[: len(right)], promised, SETTINGS)


@pytest.mark.parametrize("surest", [570, 585, 600, 620])
def test_as_much_is_routed_as_can_be_promised_to_a_hundredth_of_the_tickets(surest: int) -> None:
    confidence = np.linspace(1, 0, 1000, endpoint=False)
    found = threshold(confidence, np.arange(1000) < surest)  # these are right
    # If one ticket in ten were wrong, so few wrong ones would be seen with a chance of the risk at most.
    most = max(n for n in range(surest, 1000) if binom.sf(surest - 1, n, 0.9) <= SETTINGS.promise_risk)
    assert most - 10 <= (confidence >= found.value).sum() <= most
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


def test_labels_with_gold_enough_get_thresholds_of_their_own_and_the_promise_is_kept_all_the_same() -> None:
    settings = SETTINGS.model_copy(update={"class_thresholds": True})
    generator = np.random.default_rng(4)
    broken, gained = 0, []
    for _ in range(100):
        confidence = np.round(generator.uniform(0.6, 1.0, 700), 4)
        predicted = pd.Series(generator.choice(["sure", "doubtful", "rare"], 700, p=[0.45, 0.45, 0.1]))
        chance = np.where(predicted == "sure", 0.97, confidence - 0.1)  # one is better than it believes
        right = generator.random(700) < chance
        languages = pd.Series(["en"] * 700)
        one = calibration.choose_threshold(confidence, right, languages, 0.9, SETTINGS, predicted)
        own = calibration.choose_threshold(confidence, right, languages, 0.9, settings, predicted)
        assert one.classes == {} and set(own.classes) <= {"doubtful", "sure"}
        assert own.of("rare") == own.value == calibration.NEVER, "too few for a threshold of its own"
        routed = confidence >= predicted.map(own.of)
        broken += routed.any() and chance[routed].mean() < 0.9
        gained.append(routed.mean() - (confidence >= one.value).mean())
    assert broken / 100 <= settings.promise_risk
    assert np.mean(gained) > 0.1


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
    found = calibration.choose_threshold(
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
        sets = calibration.choose_sets(own[:300], 0.9)
        assert sets is not None
        found.append((own[300:] >= sets.least).mean())
    assert np.mean(found) == pytest.approx(0.9, abs=0.01)


def test_no_set_is_promised_from_a_handful_of_tickets() -> None:
    assert calibration.choose_sets(np.ones(5), 0.9) is None
    assert calibration.choose_sets(np.ones(9), 0.9) is not None


def test_the_guard_pays_no_more_than_it_must() -> None:
    generator = np.random.default_rng(1)
    gold = pd.Series(generator.choice(["low", "medium", "high"], 3000, p=[0.5, 0.3, 0.2]))
    fear = np.where(gold == "high", generator.beta(3, 4, 3000), generator.beta(1, 9, 3000))
    probabilities = pd.DataFrame({"high": fear, "low": 1 - fear - 0.05, "medium": 0.05})
    nothing = np.zeros(3000, dtype=bool)
    found = calibration.choose_guard(probabilities, gold, nothing, 0.02)
    assert found is not None
    assert found.missed == int(0.02 * found.high), "one more would be too many"
    loose = calibration.choose_guard(probabilities, gold, nothing, 0.1)
    assert loose is not None
    assert loose.suspicion > found.suspicion
    assert loose.raised < found.raised < found.low
    rung = calibration.choose_guard(probabilities, gold, (gold == "high").to_numpy(), 0.02)
    assert rung is not None
    assert (rung.missed, rung.raised) == (0, 0), "words alone see all of them"
    assert calibration.choose_guard(probabilities[["low", "medium"]], gold, nothing, 0.02) is None
    assert (found.miss.value, found.price.value) == (found.missed / found.high, found.raised / found.low)
    assert found.miss.value < 0.02 < found.miss.high < 0.04, "what is meant is not what is known"
