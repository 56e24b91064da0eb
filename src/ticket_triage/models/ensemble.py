"""A weighted soft vote: temperatures and weights from out-of-fold predictions.

The vote is the logarithmic opinion pool (Genest and Zidek, Combining Probability Distributions, 1986, section 3): the
members' log probabilities are added up, by weight. On real tickets it has a lower log-loss than the mean of the
probabilities, and each member's share of the ensemble's log-odds is its own log-odds times its weight, so that reasons
of members are reasons of the ensemble.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from ticket_triage.files import TriageError

Matrix = np.ndarray
_TINY = 1e-12
_VETO = np.log(1e-4)  # the least log probability with which a member speaks against a label


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
    """Weights, summing to one, of the vote with the least log-loss; members under `min_weight` are dropped.

    The log-loss is convex in the weights before they are brought to sum to one, which is left to a temperature.

    Raises:
        TriageError: there is no member.
    """
    if not members:
        raise TriageError("there is no trained member to vote")
    names, rows = sorted(members), np.arange(len(truth))
    while True:
        said = np.stack([spoken(members[name]) for name in names])  # (members, rows, classes)
        right = said[:, rows, truth].mean(axis=1)

        def loss(weights: Matrix, said: Matrix = said, right: Matrix = right) -> tuple[float, Matrix]:
            logits = np.tensordot(weights, said, axes=1)
            highest = logits.max(axis=1, keepdims=True)
            shares = np.exp(logits - highest)
            total = shares.sum(axis=1, keepdims=True)
            value = float((np.log(total) + highest).mean() - weights @ right)
            return value, np.einsum("mrc,rc->m", said, shares / total) / len(truth) - right

        start = np.full(len(names), 1 / len(names))
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(names)).x
        weights = found / found.sum() if found.sum() else start
        kept = [name for name, weight in zip(names, weights, strict=True) if weight >= min_weight]
        if len(kept) == len(names) or not kept:
            rounded = np.round(weights, 4)
            rounded[np.argmax(rounded)] += 1 - rounded.sum()
            return {name: float(weight) for name, weight in zip(names, rounded, strict=True)}
        names = kept


def least_loss(members: Mapping[str, Matrix], weights: Mapping[str, float], truth: Matrix) -> float:
    """Log-loss of the vote at its best temperature."""
    voted = vote(members, weights)
    return log_loss(temper(voted, best_temperature(voted, truth)), truth)


def spoken(probabilities: Matrix) -> Matrix:
    """Log probabilities as they enter the vote."""
    return np.asarray(np.maximum(np.log(np.clip(probabilities, _TINY, None)), _VETO))


def vote(members: Mapping[str, Matrix], weights: Mapping[str, float]) -> Matrix:
    """Probabilities of the weighted vote, shape (rows, classes)."""
    return heard(sum(weight * spoken(members[name]) for name, weight in weights.items()))


def heard(votes: Any) -> Matrix:
    """Probabilities of what was `spoken`, once weighted and added up."""
    exponents = np.exp(votes - votes.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))
