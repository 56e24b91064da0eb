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
    weights = ensemble.best_weights({"good": guesses(0.9), "noise": guesses(0.33)}, TRUTH, 0.05)
    assert weights == {"good": 1.0}


def test_two_members_that_err_elsewhere_share_the_vote_and_beat_each() -> None:
    members = {"a": guesses(0.75), "b": guesses(0.75)}
    weights = ensemble.best_weights(members, TRUTH, 0.05)
    assert sum(weights.values()) == pytest.approx(1)
    assert min(weights.values()) > 0.3
    together = ensemble.log_loss(ensemble.vote(members, weights), TRUTH)
    assert together < min(ensemble.log_loss(p, TRUTH) for p in members.values())


def test_no_member_is_said() -> None:
    with pytest.raises(TriageError, match="no trained member"):
        ensemble.best_weights({}, TRUTH, 0.05)
