"""The experts' rules as features: what of the taxonomy shows in a text."""

from itertools import pairwise
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from ticket_triage.models.lookups import Fired, finder


class Rules(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn publishes no types
    """A column for each category's keywords and patterns, for urgency, safety and questions: `weight` or 0.

    On real tickets rules alone are poor labels, but as features they are worth as much as thousands of labels.

    Args:
        taxonomy: the experts' file as text, so that a saved model needs no other file.
        weight: what a rule that fires counts beside a text's TF-IDF, whose length is 1.
    """

    def __init__(self, taxonomy: str, weight: float = 0.5) -> None:
        self.taxonomy = taxonomy
        self.weight = weight

    def fit(self, texts: Any, y: Any = None) -> Self:
        """Nothing is learnt; the taxonomy is checked."""
        finder(self.taxonomy)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, texts: "pd.Series[str]") -> sparse.csr_matrix:
        """Shape (texts, rules)."""
        return sparse.csr_matrix(finder(self.taxonomy).find(texts).astype(np.float32) * self.weight)

    def fired(self) -> Fired:
        """The same for one text."""
        return Fired(self.taxonomy, self.weight)

    def alarms(self, matrix: sparse.csr_matrix) -> list[frozenset[str]]:
        """Which of `urgency`, `safety` and `legal` show in each row of what `transform` gave."""
        ends, columns = matrix.indptr.tolist(), matrix.indices.tolist()
        fired = self.fired()
        return [fired.rang(columns[start:end]) for start, end in pairwise(ends)]

    def get_feature_names_out(self, names: Any = None) -> np.ndarray:
        """`keywords.<label>`, `patterns.<label>`, `urgency`, `safety`, `question`."""
        return np.array(finder(self.taxonomy).columns, dtype=object)
