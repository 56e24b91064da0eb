"""A weighted soft vote: temperatures and weights from out-of-fold predictions.

The vote is the logarithmic opinion pool (Genest and Zidek, Combining Probability Distributions, 1986, section 3): the
members' log probabilities are added up, by weight. On real tickets it has a lower log-loss than the mean of the
probabilities, and each member's share of the ensemble's log-odds is its own log-odds times its weight, so that reasons
of members are reasons of the ensemble.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ticket_triage.files import TriageError

Matrix = np.ndarray
_TINY = 1e-12
_IDLE = 1e-3  # a weight with which a member says nothing
_VETO = np.log(1e-4)  # the least log probability with which a member speaks against a label


def temper(probabilities: Matrix, temperature: float | Matrix) -> Matrix:
    """Probabilities whose log-odds are divided by `temperature`, one for all rows or a column; shape (rows, classes).

    Source: Guo et al., On Calibration of Modern Neural Networks, 2017, section 4.2.
    """
    logits = np.log(np.maximum(probabilities, _TINY)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    exponents = np.exp(logits)
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


def log_loss(probabilities: Matrix, truth: Matrix) -> float:
    """Mean negative log probability of the true classes; `truth` holds their column numbers."""
    return float(-np.log(np.clip(probabilities[np.arange(len(truth)), truth], _TINY, None)).mean())


def best_temperature(probabilities: Matrix, truth: Matrix) -> float:
    """The temperature of the least log-loss, between 0.2 and 10."""
    from scipy.optimize import minimize_scalar  # which an answer needs not wait for

    found = minimize_scalar(
        lambda log_t: log_loss(temper(probabilities, float(np.exp(log_t))), truth),
        bounds=(np.log(0.2), np.log(10)),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return round(float(np.exp(found.x)), 4)


@dataclass(frozen=True)
class Weighed:
    """Weights of the members that vote, summing to one, and what each is worth.

    `gains`: by how much the log-loss would be higher without a member, the others weighed anew.
    """

    weights: dict[str, float]
    gains: dict[str, float]


def weigh(members: Mapping[str, Matrix], truth: Matrix, min_gain: float) -> Weighed:
    """The weights of the vote with the least log-loss, on the rows whose true classes are `truth`.

    With a `min_gain` of 0 all are kept; else the member that is worth least is dropped, again and again, until all are
    worth that: each costs its time at every prediction.

    Raises:
        TriageError: there is no member.
    """
    if not members:
        raise TriageError("there is no trained member to vote")
    said = {name: spoken(members[name]) for name in sorted(members)}
    classes = next(iter(said.values())).shape[1]
    while True:
        loss, found = _fit(said, truth, classes)
        idle = [name for name, weight in found.items() if weight < _IDLE] if min_gain > 0 else []
        if idle and len(idle) < len(said):
            said = {name: value for name, value in said.items() if name not in idle}
            continue
        gains = {
            name: _fit({n: v for n, v in said.items() if n != name}, truth, classes)[0] - loss
            for name in said
        }
        least = min(gains, key=lambda name: (gains[name], name))
        if len(said) == 1 or min_gain <= 0 or gains[least] >= min_gain:
            break
        said = {name: value for name, value in said.items() if name != least}
    rounded = {name: round(weight, 4) for name, weight in found.items()}
    rounded[max(rounded, key=lambda name: rounded[name])] += 1 - sum(rounded.values())
    return Weighed(rounded, gains)


def _fit(said: Mapping[str, Matrix], truth: Matrix, classes: int) -> tuple[float, dict[str, float]]:
    """The least log-loss of a vote and its weights; without members that of knowing nothing.

    The log-loss is convex in weights that need not sum to one, which then hold the temperature, too.
    """
    if not said:
        return float(np.log(classes)), {}
    names, rows = list(said), np.arange(len(truth))
    stacked = np.stack([said[name] for name in names])  # (members, rows, classes)
    right = stacked[:, rows, truth].mean(axis=1)

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        logits = np.tensordot(weights, stacked, axes=1)
        highest = logits.max(axis=1, keepdims=True)
        shares = np.exp(logits - highest)
        total = shares.sum(axis=1, keepdims=True)
        value = float((np.log(total) + highest).mean() - weights @ right)
        return value, np.einsum("mrc,rc->m", stacked, shares / total) / len(truth) - right

    from scipy.optimize import minimize  # as in `best_temperature`

    start = np.full(len(names), 1 / len(names))
    done = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(names))
    weights = done.x / done.x.sum() if done.x.sum() else start
    return float(done.fun), {name: float(weight) for name, weight in zip(names, weights, strict=True)}


def spoken(probabilities: Matrix) -> Matrix:
    """Log probabilities as they enter the vote."""
    return np.asarray(np.maximum(np.log(np.maximum(probabilities, _TINY)), _VETO))


def vote(members: Mapping[str, Matrix], weights: Mapping[str, float]) -> Matrix:
    """Probabilities of the weighted vote, shape (rows, classes)."""
    return heard(sum(weight * spoken(members[name]) for name, weight in weights.items()))


def heard(votes: Any) -> Matrix:
    """Probabilities of what was `spoken`, once weighted and added up."""
    exponents = np.exp(votes - votes.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))
