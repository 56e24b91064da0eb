"""What pushed a label: exact shares of the evidence of linear members and boosted trees."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

Names = list[tuple[str, str]]
UNREADABLE = frozenset(("char", "embedding"))  # blocks whose evidence no person can read
KINDS = {
    "word": "text",
    "topics": "text",
    "rules": "rule",
    "neighbours": "rule",
}  # by block; of all others "feature"


@dataclass(frozen=True)
class Evidence:
    """A member's matrix of the tickets at hand, what its columns are called, and its weight: what a unit of its own
    log-odds adds to those of the vote."""

    estimator: Any
    weight: float
    linear: bool
    matrix: Any
    names: Names


# Remembered for an estimator, whatever it holds: to centre half a million numbers takes longer than an answer.
@lru_cache(maxsize=16)
def coefficients(estimator: Any) -> np.ndarray:
    """What a unit of each feature adds to the log-odds of each class over the mean class, (classes, features)."""
    weights = estimator.feature_log_prob_ if hasattr(estimator, "feature_log_prob_") else estimator.coef_
    weights = np.asarray(weights, dtype=np.float64)
    if len(weights) == 1:  # two classes share one row of coefficients
        weights = np.vstack([-weights[0], weights[0]]) / 2
    return np.asarray(weights - weights.mean(axis=0))


def contributions(voice: Evidence, row: int, label: int) -> dict[tuple[str, str], float]:
    """(kind, feature) to what it added to the log-odds of class number `label` over the mean class.

    Linear members: coefficient times value. Boosted trees: their own Shapley values (Lundberg et al., Consistent
    Individualized Feature Attribution for Tree Ensembles, 2018). Empty for other members. Character n-grams carry
    evidence that nobody can read; they are left to the words.
    """
    found: dict[tuple[str, str], float] = defaultdict(float)
    one = voice.matrix if voice.matrix.shape[0] == 1 else voice.matrix[[row]]
    if voice.linear:
        one = one.tocoo()
        weights = coefficients(voice.estimator)[label, one.col] * one.data
        pairs = zip(one.col, weights, strict=True)
    elif hasattr(voice.estimator, "shapley"):
        values = voice.estimator.shapley(one)
        weights = values[label] - values.mean(axis=0)
        pairs = zip(np.flatnonzero(weights), weights[np.flatnonzero(weights)], strict=True)
    else:
        return {}
    for column, weight in pairs:
        block, name = voice.names[column]
        if block not in UNREADABLE:
            found[(KINDS.get(block, "feature"), name)] += float(weight)
    return found


def evidence(voices: Sequence[Evidence], row: int, label: int, most: int) -> list[dict[str, Any]]:
    """The `most` strongest reasons for class number `label`, strongest first; weights are shares of all evidence.

    The evidence is what members added to the log-odds of the vote, whose log-odds are the sum of theirs by weight.
    """
    total: dict[tuple[str, str], float] = defaultdict(float)
    for voice in voices:
        for key, value in contributions(voice, row, label).items():
            total[key] += voice.weight * value
    size = sum(map(abs, total.values())) or 1.0
    ranked = sorted(total.items(), key=lambda item: (-abs(item[1]), item[0]))[:most]
    return [{"feature": n, "kind": k, "weight": round(w / size, 4)} for (k, n), w in ranked if w]


def importances(members: Sequence[tuple[Any, float, bool, Names]]) -> pd.DataFrame:
    """Columns `feature` and `weight`, strongest first, from (estimator, weight, linear, names) of each member.

    Linear members: standard deviation of a feature's coefficients over the classes. Trees: impurity or gain.
    """
    total: dict[str, float] = defaultdict(float)
    for estimator, weight, linear, names in members:
        raw = coefficients(estimator).std(axis=0) if linear else np.asarray(estimator.feature_importances_)
        size = float(raw.sum()) or 1.0
        for (block, name), value in zip(names, raw, strict=True):
            if value and block != "embedding":
                total[name if block != "char" else f"…{name}…"] += weight * float(value) / size
    ranked = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    return pd.DataFrame(ranked, columns=["feature", "weight"])
