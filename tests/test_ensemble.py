"""Temperatures and weights."""

import numpy as np
import pytest

from ticket_triage.files import TriageError
from ticket_triage.models import ensemble

RNG = np.random.default_rng(0)
TRUTH = RNG.integers(0, 3, 2000)


def guesses(right: float) -> np.ndarray:
    """Probabilities whose strongest class is the true one in about that share of rows."""
    hit = RNG.random(len(TRUTH)) < right
    best = np.where(hit, TRUTH, (TRUTH + RNG.integers(1, 3, len(TRUTH))) % 3)
    found = np.full((len(TRUTH), 3), 0.1)
    found[np.arange(len(TRUTH)), best] = 0.8
    return found


def test_temperature_one_changes_nothing_and_a_high_one_levels() -> None:
    p = guesses(0.8)
    assert np.allclose(ensemble.temper(p, 1.0), p)
    assert ensemble.temper(p, 50.0).max() < 0.36
    assert np.allclose(ensemble.temper(p, 3.0).sum(axis=1), 1)


def test_the_best_temperature_makes_confidence_equal_accuracy() -> None:
    overconfident = ensemble.temper(guesses(0.7), 0.3)
    t = ensemble.best_temperature(overconfident, TRUTH)
    cool = ensemble.temper(overconfident, t)
    assert t > 1.5
    assert cool.max(axis=1).mean() == pytest.approx(0.7, abs=0.03)


def test_a_useless_member_is_dropped_and_weights_sum_to_one() -> None:
    found = ensemble.weigh({"good": guesses(0.9), "noise": guesses(0.33)}, TRUTH, 0.003)
    assert found.weights == {"good": 1.0}
    # Without it nothing is known of three equally frequent classes.
    assert found.gains["good"] == pytest.approx(np.log(3) - ensemble.log_loss(guesses(0.9), TRUTH), abs=0.1)


def test_two_members_that_err_elsewhere_share_the_vote_and_beat_each() -> None:
    members = {"a": guesses(0.75), "b": guesses(0.75)}
    found = ensemble.weigh(members, TRUTH, 0.003)
    assert sum(found.weights.values()) == pytest.approx(1)
    assert min(found.weights.values()) > 0.3
    assert min(found.gains.values()) > 0.05
    together = ensemble.vote(members, found.weights)
    assert (together.argmax(axis=1) == TRUTH).mean() >= max(
        (p.argmax(axis=1) == TRUTH).mean() for p in members.values()
    )
    cool = ensemble.temper(together, ensemble.best_temperature(together, TRUTH))
    assert ensemble.log_loss(cool, TRUTH) < min(ensemble.log_loss(p, TRUTH) for p in members.values())


def test_of_two_that_say_the_same_one_is_enough() -> None:
    one, other = guesses(0.8), guesses(0.75)
    found = ensemble.weigh({"a": one, "twin": one.copy(), "b": other}, TRUTH, 0.003)
    assert len(found.weights) == 2
    assert "b" in found.weights
    kept = ensemble.weigh({"a": one, "twin": one.copy(), "b": other}, TRUTH, 0.0)
    assert len(kept.weights) == 3


def test_a_member_s_no_is_no_veto() -> None:
    sure, other = np.array([[1.0, 0.0]]), np.array([[0.2, 0.8]])
    assert ensemble.vote({"a": sure, "b": other}, {"a": 0.3, "b": 0.7})[0, 1] > 0.01


def test_no_member_is_said() -> None:
    with pytest.raises(TriageError, match="no trained member"):
        ensemble.weigh({}, TRUTH, 0.003)
