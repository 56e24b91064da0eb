"""Bounds of a share that hold at every moment at once, so that one may look as often as one likes."""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate

PRIOR = 0.5  # of both sides: Jeffreys' prior, narrow for rare and for common things alike


def bounds(hits: int, trials: int, alpha: float) -> tuple[float, float]:
    """A confidence sequence of a share: with probability 1 - `alpha` it is within at every count of trials.

    The set of shares p against which a beta mixture of likelihoods has not won 1/alpha to 1; the ratio is a martingale
    under p, so that Ville's inequality bounds the chance that it ever does (Robbins, Statistical methods related to the
    law of the iterated logarithm, 1970; Howard, Ramdas, McAuliffe and Sekhon, Time-uniform, nonparametric,
    nonasymptotic confidence sequences, 2021). Only the counts matter, so those of several workers may be added up.
    """
    if not trials:
        return 0.0, 1.0
    misses = trials - hits
    evidence = _log_beta(PRIOR + hits, PRIOR + misses) - _log_beta(PRIOR, PRIOR) + math.log(alpha)

    def refuted(share: float) -> bool:
        likelihood = (hits * math.log(share) if hits else 0) + (misses * math.log1p(-share) if misses else 0)
        return evidence >= likelihood

    seen = hits / trials
    low = _edge(refuted, 0.0, seen) if hits else 0.0
    high = _edge(refuted, 1.0, seen) if misses else 1.0
    return low, high


def _edge(refuted: Callable[[float], bool], outside: float, inside: float) -> float:
    while abs(outside - inside) > 1e-7:
        middle = (outside + inside) / 2
        if refuted(middle):
            outside = middle
        else:
            inside = middle
    return outside


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def quantile(
    counts: Sequence[int], edges: Sequence[float], level: float, alpha: float
) -> tuple[float, float]:
    """A confidence sequence of a quantile, from counts of values by where they fall.

    Args:
        counts: how many values were at most `edges[0]`, then at most `edges[1]`, ...; the last: above all edges.
        edges: ascending.

    Returns:
        Edges around the quantile; 0 and infinity where nothing is known yet. Each end errs with a chance of at most
        `alpha`, whichever edge the quantile is at (Howard and Ramdas, Sequential estimation of quantiles with
        applications to A/B testing and best-arm identification, 2022): bounds of the share below an edge rise with it,
        so that only one edge can be wrong first.
    """
    totals = list(accumulate(counts))
    among, places = totals[-1], range(len(edges))
    low = bisect_left(places, True, key=lambda at: bounds(totals[at], among, alpha)[1] >= level)
    high = bisect_left(places, True, key=lambda at: bounds(totals[at], among, alpha)[0] >= level)
    return edges[low - 1] if low else 0.0, edges[high] if high < len(edges) else math.inf
