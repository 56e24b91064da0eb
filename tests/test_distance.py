"""Distances are effect sizes: they find what was planted, however many rows there are, and nothing else."""

import math

import numpy as np
import pytest
from scipy.spatial import distance
from scipy.stats import wasserstein_distance

from ticket_triage.monitoring.distance import jensen_shannon, wasserstein

SIZES = (300, 1000, 5000)
MIX = (0.4, 0.25, 0.15, 0.1, 0.05, 0.03, 0.02)


def normal(seed: int, rows: int, mean: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1.0, rows)


def labels(seed: int, rows: int, mix: tuple[float, ...] = MIX) -> list[str]:
    names = [f"label {place}" for place in range(len(mix))]
    return np.random.default_rng(seed).choice(names, rows, p=np.array(mix) / sum(mix)).tolist()


@pytest.mark.parametrize("rows", SIZES)
def test_equal_distributions_are_near_at_every_size(rows: int) -> None:
    numbers = [wasserstein(normal(seed, 2000), normal(100 + seed, rows)).value for seed in range(20)]
    mixes = [jensen_shannon(labels(seed, 2000), labels(100 + seed, rows)).value for seed in range(20)]
    assert np.mean(numbers) < 0.05
    assert np.mean(mixes) < 0.03


@pytest.mark.parametrize("rows", SIZES)
def test_a_planted_shift_is_as_far_at_every_size(rows: int) -> None:
    numbers = [wasserstein(normal(seed, 2000), normal(100 + seed, rows, 0.5)).value for seed in range(20)]
    mixes = [
        jensen_shannon(labels(seed, 2000), labels(100 + seed, rows, MIX[::-1])).value for seed in range(20)
    ]
    assert np.mean(numbers) == pytest.approx(0.485, abs=0.02)  # 0.5 over the deviation of both together
    assert np.mean(mixes) == pytest.approx(distance.jensenshannon(MIX, MIX[::-1]), abs=0.02)


def test_the_noise_is_how_far_equal_distributions_are_apart() -> None:
    pairs = [(normal(seed, 400), normal(100 + seed, 900)) for seed in range(60)]
    expected = np.mean([wasserstein_distance(first, second) for first, second in pairs])
    assert np.mean([wasserstein(*pair).noise for pair in pairs]) == pytest.approx(expected, rel=0.15)
    pairs = [(labels(seed, 400), labels(100 + seed, 900)) for seed in range(60)]
    shares = [
        [[sample.count(name) for name in sorted({*one, *two})] for sample in (one, two)] for one, two in pairs
    ]
    expected = np.mean([distance.jensenshannon(*pair) ** 2 for pair in shares])
    assert np.mean([jensen_shannon(*pair).noise ** 2 for pair in pairs]) == pytest.approx(expected, rel=0.15)


def test_few_rows_are_no_alarm() -> None:
    numbers = [wasserstein(normal(seed, 2000), normal(100 + seed, 20)).exceeds(0.1) for seed in range(50)]
    mixes = [jensen_shannon(labels(seed, 2000), labels(100 + seed, 20)).exceeds(0.1) for seed in range(50)]
    assert np.mean(numbers) < 0.1
    assert np.mean(mixes) < 0.1


def test_constants() -> None:
    assert wasserstein(np.full(5, 2.0), np.full(9, 2.0)).value == 0
    assert not wasserstein(np.full(5, 2.0), np.full(9, 2.0)).exceeds(0)
    assert wasserstein(np.full(50, 2.0), np.full(90, 3.0)).value == pytest.approx(2.0, abs=0.01)
    assert jensen_shannon(["a"] * 5, ["a"] * 9).value == 0


def test_two_mixes_with_nothing_in_common_are_furthest() -> None:
    assert jensen_shannon(["a"] * 900, ["b"] * 900).value == pytest.approx(math.sqrt(math.log(2)), abs=0.01)


def test_a_shift_of_scale_changes_nothing() -> None:
    first, second = normal(0, 800), normal(1, 900, 0.3)
    assert wasserstein(first, second).value == pytest.approx(
        wasserstein(first * 60 + 5, second * 60 + 5).value
    )


def test_names_seen_once_are_one_category() -> None:
    before = ["a"] * 980 + [f"before {number}" for number in range(20)]
    now = ["a"] * 980 + [f"now {number}" for number in range(20)]
    assert jensen_shannon(before, now).value == 0
