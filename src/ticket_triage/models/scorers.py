"""Members ready for one row: probabilities as the member gives them, and what each column added to a label.

Nothing here needs the libraries that they were trained with; `compiling` makes these of fitted classifiers.
What is added up is log-odds over the mean class, since that is what a member brings to the vote.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from ticket_triage.models.forest import Forest, Walk
from ticket_triage.models.rows import Row

_LEAST = 1e-4  # a probability below it says no more against a label in the vote


class Heard(Protocol):
    """What a member says of one row."""

    @property
    def probabilities(self) -> np.ndarray:
        """Of the classes, float64."""

    def pushes(self, label: int) -> Row:
        """Columns, and what each added to the log-odds of class number `label` over the mean class."""


class Scorer(Protocol):
    """A member, ready for rows."""

    def hear(self, row: Row) -> Heard:
        """What it says of a row."""


@dataclass
class Linear:
    """Naive Bayes and logistic regression: coefficient times value; shapes (columns, classes) and (classes,)."""

    weights: np.ndarray
    start: np.ndarray

    def hear(self, row: Row) -> "_HeardLinear":
        """See Scorer."""
        columns, values = row
        return _HeardLinear(self, columns, values.astype(np.float64), self.weights[columns])

    def table(self, matrix: Any) -> np.ndarray:
        """The probabilities of many rows, shape (rows, classes)."""
        return softmax(matrix @ self.weights + self.start)


class _HeardLinear:
    def __init__(self, scorer: Linear, columns: np.ndarray, values: np.ndarray, weights: np.ndarray) -> None:
        self._scorer, self._columns, self._values, self._weights = scorer, columns, values, weights

    @property
    def probabilities(self) -> np.ndarray:
        return softmax(self._values @ self._weights + self._scorer.start)

    def pushes(self, label: int) -> Row:
        return self._columns, self._weights[:, label] * self._values


@dataclass
class Boosted:
    """Boosted trees: each speaks for one class, or all for the second of two.

    What a column added is what changed from a node that asks about it to the next one: the trees' own way to their
    answer (Saabas, Interpreting random forests, 2014; XGBoost's `approx_contribs`). With the mean of all leaves it adds
    up to the score, as Shapley values do, and costs a twentieth of them.
    """

    forest: Forest
    of: np.ndarray  # the class of each tree
    start: np.ndarray  # added to the scores

    @property
    def scores(self) -> int:
        """One for each class, or one for the second of two."""
        return len(self.start)

    def hear(self, row: Row) -> "_HeardBoosted":
        """See Scorer."""
        return _HeardBoosted(self, self.forest.walk(row))


class _HeardBoosted:
    def __init__(self, scorer: Boosted, walk: Walk) -> None:
        self._scorer, self._walk = scorer, walk

    @cached_property
    def probabilities(self) -> np.ndarray:
        start = self._scorer.start  # its type is that in which the library adds up
        said = self._scorer.forest.value[self._walk.leaves].astype(start.dtype).reshape(-1, len(start))
        scores = np.add.accumulate(np.vstack([start, said]))[-1].astype(np.float64)
        return softmax(scores if len(scores) > 1 else np.append(0.0, scores))

    def pushes(self, label: int) -> Row:
        scorer, walk = self._scorer, self._walk
        classes = max(2, scorer.scores)
        spoken_for = scorer.of if scorer.scores > 1 else np.ones_like(scorer.of)
        share = (spoken_for == label) - 1 / classes
        value = scorer.forest.value
        before, after, trees = walk.steps
        return scorer.forest.added(walk, (value[after] - value[before]) * share[trees])


@dataclass
class Averaged:
    """Trees whose shares of the classes are averaged.

    What a column added to a probability is as with boosted trees; to a log probability it added in proportion (the
    rescale rule of Shrikumar et al., Learning Important Features, 2017), so that here, too, all adds up.
    """

    forest: Forest

    def __post_init__(self) -> None:
        self.trees = len(self.forest.roots)
        self.mean = self.forest.value[self.forest.roots].mean(axis=0)

    def hear(self, row: Row) -> "_HeardAveraged":
        """See Scorer."""
        return _HeardAveraged(self, self.forest.walk(row))


class _HeardAveraged:
    def __init__(self, scorer: Averaged, walk: Walk) -> None:
        self._scorer, self._walk = scorer, walk

    @cached_property
    def probabilities(self) -> np.ndarray:
        said = self._scorer.forest.value[self._walk.leaves]
        return np.asarray(np.add.accumulate(said)[-1] / self._scorer.trees)

    def pushes(self, label: int) -> Row:
        walk, value = self._walk, self._scorer.forest.value
        now, before = np.maximum(self.probabilities, _LEAST), np.maximum(self._scorer.mean, _LEAST)
        moved = self.probabilities - self._scorer.mean
        flat = np.abs(moved) < 1e-9
        rate = np.where(flat, 1 / now, np.log(now / before) / np.where(flat, 1.0, moved))
        share = rate * ((np.arange(len(now)) == label) - 1 / len(now)) / self._scorer.trees
        before, after, _ = walk.steps
        return self._scorer.forest.added(walk, (value[after] - value[before]) @ share)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities of log-odds, whose last axis are the classes."""
    exponents = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True))
