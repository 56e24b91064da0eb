"""How far two samples are apart, as an effect size that does not grow when the samples shrink.

Two samples of one distribution are never at distance 0: the fewer rows, the further apart. How far that alone
brings them, the noise, has a closed form for both. A distance d is told as sqrt(d^2 - noise^2), or 0, and
counts only if it stands out too: from sqrt(3) noises on, so that d is at least twice the noise.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Sample = npt.NDArray[np.float64]

RARE = 0.01  # categories with a smaller share of both samples are one: their number grows with the rows
_CLEAR = 3**0.5


class Distance(NamedTuple):
    """An effect size and the noise that was taken off it, in the same unit."""

    value: float
    noise: float

    def exceeds(self, threshold: float) -> bool:
        """Whether the effect has that size and is not noise."""
        return self.value >= max(threshold, _CLEAR * self.noise) and self.value > 0


def _less(square: float, noise: float) -> float:
    return float(max(0.0, square - noise**2) ** 0.5)


def wasserstein(reference: Sample, current: Sample) -> Distance:
    """Wasserstein-1 distance of two samples without missing values, in standard deviations of both together.

    Both weigh the same in it, whatever their sizes; it is 0 only if all values are equal.
    Noise: the integral of E|F_n - G_m| for samples of the mean F of both distributions; F_n - G_m is nearly
    normal with variance F (1 - F) (1/n + 1/m), and E|N(0, s^2)| = s sqrt(2 / pi).
    """
    values = np.unique(np.concatenate([reference, current]))
    gaps = np.diff(values)
    below = [
        np.searchsorted(np.sort(sample), values[:-1], side="right") / len(sample)
        for sample in (reference, current)
    ]
    between = reference.mean() - current.mean()
    scale = float(np.sqrt((reference.var() + current.var()) / 2 + between**2 / 4))
    if scale == 0:
        return Distance(0.0, 0.0)
    middle = (below[0] + below[1]) / 2
    spread = 2 / np.pi * (1 / len(reference) + 1 / len(current))
    noise = float(np.sqrt(spread) * np.sum(np.sqrt(middle * (1 - middle)) * gaps)) / scale
    found = float(np.sum(np.abs(below[0] - below[1]) * gaps)) / scale
    return Distance(_less(found**2, noise), noise)


def jensen_shannon(reference: list[str], current: list[str]) -> Distance:
    """Jensen-Shannon distance (natural logarithm, 0 to 0.83) of the shares of categories, rare ones pooled.

    Noise: for K categories the divergence of two samples of one distribution is (K - 1)/8 (1/n + 1/m) in the
    mean, from its second-order expansion sum((p - q)^2 / mean) / 8; the distance is its square root.
    """
    names = {name: place for place, name in enumerate(sorted({*reference, *current}))}
    shares = [
        np.bincount([names[name] for name in sample], minlength=len(names)) / len(sample)
        for sample in (reference, current)
    ]
    rare = (shares[0] + shares[1]) / 2 < RARE
    first, second = (np.append(share[~rare], share[rare].sum()) for share in shares)
    middle = (first + second) / 2
    first, second, middle = first[middle > 0], second[middle > 0], middle[middle > 0]
    divergence = _entropy(middle) - _entropy(first) / 2 - _entropy(second) / 2
    noise = ((len(middle) - 1) / 8 * (1 / len(reference) + 1 / len(current))) ** 0.5
    return Distance(_less(divergence, noise), noise)


def _entropy(shares: Sample) -> float:
    some = shares[shares > 0]
    return float(-np.sum(some * np.log(some)))
