"""Fitted steps and classifiers made into what answers one ticket; the only way from the libraries to the look-ups."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import Normalizer, OneHotEncoder, RobustScaler
from sklearn.tree import DecisionTreeClassifier

from ticket_triage.models import trees
from ticket_triage.models.blocks import Tfidf
from ticket_triage.models.encoder import Encoder
from ticket_triage.models.families import LightGBMTrees, XGBoostTrees
from ticket_triage.models.forest import Forest
from ticket_triage.models.lookups import Filled, Near, OneHot, Projected, Scaled, Step, Unit
from ticket_triage.models.neighbours import Neighbours
from ticket_triage.models.rows import Row
from ticket_triage.models.rules import Rules
from ticket_triage.models.scorers import Averaged, Boosted, Linear, Scorer


def step(fitted: Any, columns: Sequence[str]) -> Step:
    """A step for one ticket; one of a kind that is not known here runs as it does in a table.

    Args:
        columns: that the block reads.
    """
    if isinstance(fitted, Tfidf):
        return fitted.terms()
    if isinstance(fitted, Rules):
        return fitted.fired()
    if isinstance(fitted, Encoder):
        return fitted.reader()
    if isinstance(fitted, Neighbours):
        return Near(fitted.vectors, list(fitted.labels))
    if isinstance(fitted, TruncatedSVD):
        return Projected(fitted.components_)
    if isinstance(fitted, SimpleImputer):
        return Filled(np.asarray(fitted.statistics_, dtype=np.float64))
    if isinstance(fitted, RobustScaler):
        return Scaled(fitted.center_, fitted.scale_)
    if isinstance(fitted, OneHotEncoder):
        return _one_hot(fitted, columns)
    if isinstance(fitted, Normalizer):
        return Unit()
    return _Plain(fitted)


def scorer(estimator: Any, linear: bool) -> Scorer:
    """The quickest way to hear a fitted classifier; one of a kind that is not known here is asked as it is."""
    if linear:
        return linear_of(estimator)
    if isinstance(estimator, LightGBMTrees):
        found = trees.of_lightgbm(estimator.text)
        if found is not None:
            of = np.arange(len(found)) % estimator.scores
            return Boosted(Forest.of(found), of, np.zeros(estimator.scores))
    elif isinstance(estimator, XGBoostTrees):
        found, of, start = trees.of_xgboost(estimator.json)
        return Boosted(Forest.of(found), of, start)
    elif isinstance(estimator, RandomForestClassifier):
        return Averaged(Forest.of([trees.of_sklearn(one.tree_) for one in estimator.estimators_]))
    elif isinstance(estimator, DecisionTreeClassifier):
        return Averaged(Forest.of([trees.of_sklearn(estimator.tree_)]))
    return _Asked(estimator)


def table(estimator: Any, heard_by: Scorer, matrix: sparse.csr_matrix) -> np.ndarray:
    """The probabilities of many rows, shape (rows, classes), of a classifier and what `scorer` made of it."""
    if isinstance(heard_by, Linear):
        return heard_by.table(matrix)
    return np.asarray(estimator.predict_proba(matrix), dtype=np.float64)


def linear_of(estimator: Any) -> Linear:
    """A fitted naive Bayes or logistic regression as coefficients."""
    if hasattr(estimator, "feature_log_prob_"):
        weights, start = estimator.feature_log_prob_, estimator.class_log_prior_
    else:
        weights, start = estimator.coef_, estimator.intercept_
    weights, start = (np.asarray(part, dtype=np.float64) for part in (weights, start))
    if len(weights) == 1:  # two classes share one row of coefficients
        weights, start = np.vstack([-weights, weights]) / 2, np.append(-start, start) / 2
    # Only differences between classes matter. By column, so that what a row asks for lies together.
    return Linear(np.ascontiguousarray((weights - weights.mean(axis=0)).T), start - start.mean())


def _one_hot(fitted: OneHotEncoder, columns: Sequence[str]) -> OneHot:
    """Learnt by asking the encoder for each word."""
    places: list[dict[str, int]] = []
    for number, known in enumerate(fitted.categories_):
        asked = pd.DataFrame({name: [""] * len(known) for name in columns}, dtype="str")  # a word none has
        asked[columns[number]] = pd.array([str(one) for one in known], dtype="str")
        shown = fitted.transform(asked)
        places.append({})
        for row, word in enumerate(known):
            found = shown.indices[shown.indptr[row] : shown.indptr[row + 1]]
            places[-1] |= {str(word): int(column) for column in found}
    return OneHot(places, np.dtype(fitted.dtype).name)


class _Plain:
    def __init__(self, fitted: Any) -> None:
        self._step = fitted

    def __call__(self, given: Any) -> Any:
        if isinstance(given, tuple):
            columns, values = given
            shape = (1, self._step.n_features_in_)
            given = sparse.csr_matrix((values, columns, [0, len(columns)]), shape=shape)
        elif isinstance(given, np.ndarray):
            given = sparse.csr_matrix(given[None])
        else:
            given = [given]
        found = self._step.transform(given)
        if sparse.issparse(found):
            found = found.tocsr()
            return found.indices, found.data
        return np.asarray(found)[0]


class _Asked:
    """A classifier that gets its row as a matrix and says nothing of columns."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator

    def hear(self, row: Row) -> "_HeardAsked":
        columns, values = row
        shape = (1, self._estimator.n_features_in_)
        matrix = sparse.csr_matrix((values, columns, [0, len(columns)]), shape=shape)
        return _HeardAsked(table(self._estimator, self, matrix)[0])


class _HeardAsked:
    def __init__(self, probabilities: np.ndarray) -> None:
        self.probabilities = probabilities

    def pushes(self, label: int) -> Row:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
