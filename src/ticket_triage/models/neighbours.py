"""The experts' examples as features: how near a text is to those of each category."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from ticket_triage import features
from ticket_triage import taxonomy as taxonomies
from ticket_triage.models.encoder import Encoder


class Neighbours(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn publishes no types
    """A column for each category that has examples: the cosine to the nearest of them, or 0 where that is below.

    Args:
        vectors: of the examples, of length one, shape (examples, size).
        labels: the category of each example.
    """

    def __init__(self, vectors: np.ndarray, labels: Sequence[str]) -> None:
        self.vectors = vectors
        self.labels = labels

    def fit(self, X: Any, y: Any = None) -> Self:
        """Nothing is learnt."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, X: Any) -> sparse.csr_matrix:
        """Shape (texts, categories), from vectors of texts, of length one."""
        cosines = np.asarray(X @ self.vectors.T)
        nearest = [cosines[:, [one == label for one in self.labels]].max(axis=1) for label in self._known()]
        found = np.column_stack(nearest) if nearest else np.zeros((len(cosines), 0))
        return sparse.csr_matrix(np.clip(found, 0, None).astype(np.float32))

    def get_feature_names_out(self, names: Any = None) -> np.ndarray:
        """`neighbours.<label>`."""
        return np.array([f"neighbours.{label}" for label in self._known()], dtype=object)

    def _known(self) -> list[str]:
        return list(dict.fromkeys(self.labels))


def of_examples(taxonomy: str, encoder: Encoder) -> Neighbours:
    """The examples of an experts' file, given as text, read as tickets are."""
    known = taxonomies.parse(taxonomy, "the taxonomy")
    given = [(category.label, text) for category in known.categories for text in category.examples]
    clean = features.build(pd.DataFrame({"text": [text for _, text in given]}, dtype="str"))[features.TEXT]
    return Neighbours(encoder.transform(clean).toarray(), [label for label, _ in given])
