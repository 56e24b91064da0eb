"""How sure a figure is: resamples of the tickets, and the bounds that follow from them."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_ENTRIES = 4_000_000  # of a matrix of resamples held at once: 32 MB


class Figure(NamedTuple):
    """A figure and the bounds of its interval; NaN where there is nothing to compute it from."""

    value: float
    low: float
    high: float


def resamples(rows: int, bootstrap: int, seed: int) -> Iterator[Floats]:
    """How often each row is drawn in each of `bootstrap` resamples with replacement (Efron 1979).

    Equal arguments give equal draws, so that two models measured on the same rows are measured in pairs.

    Yields:
        Counts, some resamples × rows, at most 32 MB at a time.
    """
    generator = np.random.default_rng(seed)
    step = max(1, _ENTRIES // max(rows, 1))
    for start in range(0, bootstrap, step):
        size = min(step, bootstrap - start)
        draws = generator.integers(rows, size=(size, rows)) + rows * np.arange(size)[:, None]
        yield np.bincount(draws.ravel(), minlength=size * rows).reshape(size, rows).astype(np.float64)


def percentile(draws: Floats, confidence: float) -> tuple[float, float]:
    """The central `confidence` of a figure's resamples; NaN if none of them has it."""
    known = draws[~np.isnan(draws)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def wilson(hits: int, trials: int, confidence: float) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927), which stays honest near 0 and 1; NaN without a trial."""
    if not trials:
        return float("nan"), float("nan")
    from scipy.stats import binomtest  # half a second that an answer needs not wait for

    bounds = binomtest(hits, trials).proportion_ci(confidence, method="wilson")
    return float(bounds.low), float(bounds.high)


def share(hits: int, trials: int, confidence: float) -> Figure:
    """A share with Wilson's interval; all NaN without a trial."""
    return Figure(hits / trials if trials else float("nan"), *wilson(hits, trials, confidence))


def at_most(hits: int, trials: int, confidence: float) -> float:
    """The exact upper bound of a share, one-sided (Clopper and Pearson 1934); NaN without a trial.

    It holds, too, for a threshold that was set so that it misses exactly `hits` of the `trials`: the share beyond the
    next order statistic has the same beta distribution (Wilks, Statistical Prediction, 1942).
    """
    if not trials:
        return float("nan")
    from scipy.stats import beta  # as in `wilson`

    return 1.0 if hits >= trials else float(beta.ppf(confidence, hits + 1, trials - hits))
