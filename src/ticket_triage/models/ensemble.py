"""A weighted soft vote: temperatures and weights from out-of-fold predictions."""

from collections.abc import Mapping

import numpy as np
from scipy.optimize import minimize_scalar

from ticket_triage.files import TriageError

Matrix = np.ndarray
_TINY = 1e-12


def temper(probabilities: Matrix, temperature: float) -> Matrix:
    """Probabilities whose log-odds are divided by `temperature`, shape (rows, classes).

    Source: Guo et al., On Calibration of Modern Neural Networks, 2017, section 4.2.
    """
    logits = np.log(np.clip(probabilities, _TINY, None)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    exponents = np.exp(logits)
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


def log_loss(probabilities: Matrix, truth: Matrix) -> float:
    """Mean negative log probability of the true classes; `truth` holds their column numbers."""
    return float(-np.log(np.clip(probabilities[np.arange(len(truth)), truth], _TINY, None)).mean())


def best_temperature(probabilities: Matrix, truth: Matrix) -> float:
    """The temperature of the least log-loss, between 0.2 and 10."""
    found = minimize_scalar(
        lambda log_t: log_loss(temper(probabilities, float(np.exp(log_t))), truth),
        bounds=(np.log(0.2), np.log(10)),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return round(float(np.exp(found.x)), 4)


def best_weights(members: Mapping[str, Matrix], truth: Matrix, min_weight: float) -> dict[str, float]:
    """Weights, summing to one, of the mixture with the least log-loss; members under `min_weight` are dropped.

    The likelihood is concave in the weights, and each step of expectation maximisation raises it
    (Dempster, Laird and Rubin, 1977, section 4.3).

    Raises:
        TriageError: there is no member.
    """
    if not members:
        raise TriageError("there is no trained member to vote")
    names = sorted(members)
    while True:
        likelihood = np.column_stack([members[name][np.arange(len(truth)), truth] for name in names])
        likelihood = np.clip(likelihood, _TINY, None)
        weights = np.full(len(names), 1 / len(names))
        for _ in range(500):
            share = likelihood * weights
            share /= share.sum(axis=1, keepdims=True)
            weights, before = share.mean(axis=0), weights
            if np.abs(weights - before).max() < 1e-6:
                break
        kept = [name for name, weight in zip(names, weights, strict=True) if weight >= min_weight]
        if len(kept) == len(names) or not kept:
            rounded = np.round(weights, 4)
            rounded[np.argmax(rounded)] += 1 - rounded.sum()
            return {name: float(weight) for name, weight in zip(names, rounded, strict=True)}
        names = kept


def vote(members: Mapping[str, Matrix], weights: Mapping[str, float]) -> Matrix:
    """The weighted mean of the members' probabilities."""
    return np.asarray(sum(weight * members[name] for name, weight in weights.items()))
