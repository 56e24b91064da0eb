"""The experts' rules as features: what of the taxonomy shows in a text."""

from functools import lru_cache
from itertools import pairwise
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from ticket_triage import taxonomy as taxonomies
from ticket_triage.labeling.functions import ALARMS, Finder


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
        _finder(self.taxonomy)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, texts: "pd.Series[str]") -> sparse.csr_matrix:
        """Shape (texts, rules)."""
        return sparse.csr_matrix(_finder(self.taxonomy).find(texts).astype(np.float32) * self.weight)

    def alarms(self, matrix: sparse.csr_matrix) -> list[frozenset[str]]:
        """Which of `urgency`, `safety` and `legal` show in each row of what `transform` gave."""
        places = {_finder(self.taxonomy).columns.index(kind): kind for kind in ALARMS}
        ends, columns = matrix.indptr.tolist(), matrix.indices.tolist()
        return [
            frozenset(places[column] for column in columns[start:end] if column in places)
            for start, end in pairwise(ends)
        ]

    def get_feature_names_out(self, names: Any = None) -> np.ndarray:
        """`keywords.<label>`, `patterns.<label>`, `urgency`, `safety`, `question`."""
        return np.array(_finder(self.taxonomy).columns, dtype=object)


@lru_cache(maxsize=4)
def _finder(text: str) -> Finder:
    return Finder(taxonomies.parse(text, "the taxonomy of the model"))
