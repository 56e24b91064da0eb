"""Resamples and bounds."""

import numpy as np
import pytest

from ticket_triage import intervals


def test_every_resample_has_as_many_rows_as_the_table_and_the_same_seed_the_same_rows() -> None:
    first, again, other = (np.vstack(list(intervals.resamples(50, 30, seed))) for seed in (1, 1, 2))
    assert first.shape == (30, 50)
    assert (first.sum(axis=1) == 50).all()
    assert (first == again).all() and not (first == other).all()


def test_many_rows_are_drawn_in_parts_that_fit_in_memory() -> None:
    parts = list(intervals.resamples(1_500_000, 3, 0))
    assert [part.shape for part in parts] == [(2, 1_500_000), (1, 1_500_000)]


def test_percentile_bounds_leave_out_resamples_that_lack_the_figure() -> None:
    draws = np.array([np.nan, *range(101)], dtype=float)
    assert intervals.percentile(draws, 0.9) == pytest.approx((5, 95))
    assert np.isnan(intervals.percentile(np.array([np.nan]), 0.9)).all()


def test_wilson_bounds_of_a_published_case() -> None:
    # Newcombe 1998, table I: 81 of 263 at 95 %.
    assert intervals.wilson(81, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    low, high = intervals.wilson(20, 20, 0.95)
    assert low < 0.9 and high == pytest.approx(1)
    assert np.isnan(intervals.wilson(0, 0, 0.95)).all()


def test_the_exact_upper_bound_of_a_published_case() -> None:
    # No case in n: 1 - 0.05 ** (1 / n), the rule of three (Hanley and Lippman-Hand 1983).
    assert intervals.at_most(0, 100, 0.95) == pytest.approx(1 - 0.05**0.01)
    assert intervals.at_most(5, 5, 0.95) == 1
    assert np.isnan(intervals.at_most(0, 0, 0.95))


def test_the_bound_holds_for_a_threshold_that_was_set_on_the_same_draws() -> None:
    generator = np.random.default_rng(0)
    broken = 0
    for _ in range(2000):
        drawn = np.sort(generator.random(150))  # the threshold misses the 3 smallest of them
        broken += drawn[3] > intervals.at_most(3, 150, 0.95)
    assert broken / 2000 == pytest.approx(0.05, abs=0.015)
