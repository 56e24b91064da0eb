import math

import numpy as np
import pytest
from scipy.stats import beta

from ticket_triage.intervals import wilson
from ticket_triage.serving.rollout.sequence import bounds, quantile

RUNS, TRIALS, ALPHA = 200, 600, 0.1


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_bounds_hold_at_all_looks_at_once_where_plain_intervals_do_not(share):
    draws = np.random.default_rng(7).random((RUNS, TRIALS)) < share
    looks = range(5, TRIALS, 15)
    hits = draws.cumsum(axis=1)
    wrong = plain = 0
    for run in range(RUNS):
        seen = [(int(hits[run, look - 1]), look) for look in looks]
        wrong += any(not low <= share <= high for low, high in (bounds(*one, ALPHA) for one in seen))
        if run < 40:  # they are slow
            plain += any(not low <= share <= high for low, high in (wilson(*one, 1 - ALPHA) for one in seen))
    assert wrong / RUNS <= ALPHA
    assert plain / 40 > 2 * ALPHA


def test_bounds_are_where_the_mixture_has_won_by_just_so_much():
    low, high = bounds(30, 100, 0.05)
    assert 0 < low < 0.3 < high < 1
    # The beta-binomial mixture over the likelihood, written as a posterior over a prior density.
    for edge in (low, high):
        won = beta.pdf(edge, 0.5, 0.5) / beta.pdf(edge, 30.5, 70.5)
        assert won == pytest.approx(1 / 0.05, rel=1e-3)


def test_bounds_narrow_and_know_nothing_without_trials():
    assert bounds(0, 0, 0.05) == (0, 1)
    assert bounds(0, 50, 0.05)[0] == 0 and bounds(50, 50, 0.05)[1] == 1
    widths = [high - low for low, high in (bounds(n // 5, n, 0.05) for n in (10, 100, 1_000, 100_000))]
    assert widths == sorted(widths, reverse=True) and widths[-1] < 0.02


def test_a_quantile_is_between_its_edges_at_all_looks():
    edges = tuple(np.geomspace(0.5, 50, 30))
    truth = -math.log(0.1) * 5  # of exponential times with mean 5, nine in ten are shorter
    wrong = 0
    for seed in range(RUNS // 2):
        times = np.random.default_rng(seed).exponential(5, 400)
        for look in range(20, 400, 20):
            counts = np.bincount(np.searchsorted(edges, times[:look]), minlength=31).tolist()
            low, high = quantile(counts, edges, 0.9, ALPHA / 2)
            if not low <= truth <= high:
                wrong += 1
                break
    assert wrong / (RUNS // 2) <= ALPHA
    assert low > 5 and high < 40, "and not by knowing nothing"
    assert quantile([0] * 31, edges, 0.9, 0.05) == (0, math.inf)
    assert quantile([0] * 30 + [500], edges, 0.9, 0.05) == (edges[-1], math.inf)
