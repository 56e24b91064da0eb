"""Members ready for one row: probabilities as the member gives them, and what each column added to a label.

What is added up is log-odds over the mean class, since that is what a member brings to the vote.
"""

from functools import cached_property
from typing import Any, Protocol

import numpy as np
from scipy import sparse
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from ticket_triage.models import forest
from ticket_triage.models.blocks import Row
from ticket_triage.models.families import LightGBMTrees, XGBoostTrees
from ticket_triage.models.forest import Forest, Walk

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

    def table(self, matrix: sparse.csr_matrix) -> np.ndarray:
        """The probabilities of many rows, shape (rows, classes)."""


def make(estimator: Any, linear: bool) -> Scorer:
    """The quickest way to hear a fitted classifier; one of a kind that is not known here is asked as it is."""
    if linear:
        return Linear(estimator)
    if isinstance(estimator, LightGBMTrees):
        trees = forest.of_lightgbm(estimator.text)
        if trees is not None:
            of = np.arange(len(trees)) % estimator.scores
            return Boosted(estimator, trees, of, np.zeros(estimator.scores))
    elif isinstance(estimator, XGBoostTrees):
        return Boosted(estimator, *forest.of_xgboost(estimator.json))
    elif isinstance(estimator, RandomForestClassifier):
        return Averaged(estimator, [one.tree_ for one in estimator.estimators_])
    elif isinstance(estimator, DecisionTreeClassifier):
        return Averaged(estimator, [estimator.tree_])
    return _Asked(estimator)


class Linear:
    """Naive Bayes and logistic regression: coefficient times value."""

    def __init__(self, estimator: Any) -> None:
        if hasattr(estimator, "feature_log_prob_"):
            weights, start = estimator.feature_log_prob_, estimator.class_log_prior_
        else:
            weights, start = estimator.coef_, estimator.intercept_
        weights, start = (np.asarray(part, dtype=np.float64) for part in (weights, start))
        if len(weights) == 1:  # two classes share one row of coefficients
            weights, start = np.vstack([-weights, weights]) / 2, np.append(-start, start) / 2
        # Only differences between classes matter. By column, so that what a row asks for lies together.
        self.weights = np.ascontiguousarray((weights - weights.mean(axis=0)).T)
        self.start = start - start.mean()

    def hear(self, row: Row) -> "_HeardLinear":
        """See Scorer."""
        columns, values = row
        return _HeardLinear(self, columns, values.astype(np.float64), self.weights[columns])

    def table(self, matrix: sparse.csr_matrix) -> np.ndarray:
        """See Scorer."""
        return softmax(matrix @ self.weights + self.start)


class _HeardLinear:
    def __init__(self, scorer: Linear, columns: np.ndarray, values: np.ndarray, weights: np.ndarray) -> None:
        self._scorer, self._columns, self._values, self._weights = scorer, columns, values, weights

    @property
    def probabilities(self) -> np.ndarray:
        return softmax(self._values @ self._weights + self._scorer.start)

    def pushes(self, label: int) -> Row:
        return self._columns, self._weights[:, label] * self._values


class Boosted:
    """Boosted trees: each speaks for one class, or all for the second of two.

    What a column added is what changed from a node that asks about it to the next one: the trees' own way to their
    answer (Saabas, Interpreting random forests, 2014; XGBoost's `approx_contribs`). With the mean of all leaves it adds
    up to the score, as Shapley values do, and costs a twentieth of them.
    """

    def __init__(self, estimator: Any, trees: list[forest.Tree], of: np.ndarray, start: np.ndarray) -> None:
        self._estimator = estimator
        self.forest = Forest(trees)
        self.of, self.start = of, start
        self.scores = len(start)

    def hear(self, row: Row) -> "_HeardBoosted":
        """See Scorer."""
        return _HeardBoosted(self, self.forest.walk(row))

    def table(self, matrix: sparse.csr_matrix) -> np.ndarray:
        """See Scorer."""
        return np.asarray(self._estimator.predict_proba(matrix))


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


class Averaged:
    """Trees whose shares of the classes are averaged.

    What a column added to a probability is as with boosted trees; to a log probability it added in proportion (the
    rescale rule of Shrikumar et al., Learning Important Features, 2017), so that here, too, all adds up.
    """

    def __init__(self, estimator: Any, trees: list[Any]) -> None:
        self._estimator = estimator
        self.forest = Forest([forest.of_sklearn(tree) for tree in trees])
        self.trees = len(trees)
        self.mean = self.forest.value[self.forest.roots].mean(axis=0)

    def hear(self, row: Row) -> "_HeardAveraged":
        """See Scorer."""
        return _HeardAveraged(self, self.forest.walk(row))

    def table(self, matrix: sparse.csr_matrix) -> np.ndarray:
        """See Scorer."""
        return np.asarray(self._estimator.predict_proba(matrix))


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


class _Asked:
    """A classifier that gets its row as a matrix and says nothing of columns."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator

    def hear(self, row: Row) -> "_HeardAsked":
        columns, values = row
        shape = (1, self._estimator.n_features_in_)
        matrix = sparse.csr_matrix((values, columns, [0, len(columns)]), shape=shape)
        return _HeardAsked(self.table(matrix)[0])

    def table(self, matrix: sparse.csr_matrix) -> np.ndarray:
        return np.asarray(self._estimator.predict_proba(matrix), dtype=np.float64)


class _HeardAsked:
    def __init__(self, probabilities: np.ndarray) -> None:
        self.probabilities = probabilities

    def pushes(self, label: int) -> Row:
        return np.zeros(0, dtype=np.int64), np.zeros(0)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities of log-odds, whose last axis are the classes."""
    exponents = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True))
