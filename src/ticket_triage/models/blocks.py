"""Fitted blocks of features: what they compute, which columns that gives, and TF-IDF at the speed of a service."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer, OneHotEncoder, normalize

from ticket_triage.models.encoder import Encoder
from ticket_triage.models.neighbours import Neighbours
from ticket_triage.models.rows import Row, Spec
from ticket_triage.models.rules import Rules
from ticket_triage.models.terms import Terms


class Tfidf(TfidfVectorizer):  # type: ignore[misc]  # scikit-learn publishes no types
    """scikit-learn's TF-IDF, whose vocabulary is saved as one string and which transforms three times as fast.

    Only what `Terms` does is quicker: lower case, no stop words, analyzers `word` and `char_wb`, l2 norm.
    """

    def fit_transform(self, raw_documents: Iterable[str], y: Any = None) -> Any:
        """As scikit-learn's; what was remembered of another vocabulary is forgotten."""
        self.__dict__.pop("_terms", None)
        return super().fit_transform(raw_documents, y)

    def fit(self, raw_documents: Iterable[str], y: Any = None) -> Self:
        """As scikit-learn's; what was remembered of another vocabulary is forgotten."""
        self.__dict__.pop("_terms", None)
        return super().fit(raw_documents, y)  # type: ignore[no-any-return]  # scikit-learn publishes no types

    def transform(self, raw_documents: Iterable[str]) -> sparse.csr_matrix:
        """Shape (texts, terms); the same as scikit-learn's own."""
        terms = self.terms()
        found, ends = array("i"), array("i", [0])
        for text in raw_documents:
            terms.find(text.lower(), found)
            ends.append(len(found))
        matrix = sparse.csr_matrix(
            (np.ones(len(found), dtype=self.dtype), found, ends), shape=(len(ends) - 1, len(self.vocabulary_))
        )
        matrix.sum_duplicates()
        matrix.data = terms.weighed(matrix.indices, matrix.data)
        return normalize(matrix, copy=False)

    def terms(self) -> Terms:
        """The same for one text; what it remembers stays with this block."""
        known: Terms | None = self.__dict__.get("_terms")
        if known is None:
            low, high = self.ngram_range
            names = "\n".join(sorted(self.vocabulary_, key=self.vocabulary_.__getitem__))
            known = self.__dict__["_terms"] = Terms(
                vocabulary=names,
                idf=self.idf_,
                sublinear=self.sublinear_tf,
                char=self.analyzer == "char_wb",
                low=low,
                high=high,
                dtype=np.dtype(self.dtype).name,
            )
        return known

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_terms", None)
        vocabulary = state.pop("vocabulary_", None)
        state.pop("_stop_words_id", None)  # an address in memory: equal objects would not be equal files
        if vocabulary is not None:
            state["terms"] = "\n".join(sorted(vocabulary, key=vocabulary.__getitem__))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        terms = state.pop("terms", None)
        super().__setstate__(state)
        if terms is not None:
            self.vocabulary_ = {term: index for index, term in enumerate(terms.split("\n"))}
            self.fixed_vocabulary_ = False


def unpack(fitted: ColumnTransformer) -> list[tuple[str, str | list[str], list[Any]]]:
    """The (name, columns, fitted steps) of every block in the order of the matrix's columns."""
    found = []
    for name, transformer, columns in fitted.transformers_:
        if isinstance(transformer, str):  # what is left of the table is dropped
            continue
        steps = (
            [step for _, step in transformer.steps] if isinstance(transformer, Pipeline) else [transformer]
        )
        found.append((name, columns, steps))
    return found


def transform(
    specs: Sequence[Spec], steps: Mapping[str, Any], frame: pd.DataFrame, done: dict[tuple[str, ...], Any]
) -> sparse.csr_matrix:
    """The matrix that the fitted ColumnTransformer of `specs` gives for `frame`, shape (rows, features).

    Args:
        steps: every fitted step by its digest.
        done: what was computed for this `frame` so far; filled in, so that blocks that several members share are
            computed once.
    """
    parts = []
    for spec in specs:
        if isinstance(spec.columns, str):
            if (spec.columns,) not in done:
                done[(spec.columns,)] = frame[spec.columns].tolist()  # walking over a list is quicker
            value: Any = done[(spec.columns,)]
        else:
            value = frame[list(spec.columns)]
        key: tuple[str, ...] = (str(spec.columns),)
        for digest in spec.steps:
            key = (*key, digest)
            if key not in done:
                done[key] = steps[digest].transform(value)
            value = done[key]
        parts.append(value)
    return sparse.hstack(parts, format="csr")


def row_of(matrix: sparse.csr_matrix, number: int) -> Row:
    """One row of what `transform` gives."""
    start, end = matrix.indptr[number : number + 2]
    return matrix.indices[start:end], matrix.data[start:end]


def names(specs: Sequence[Spec], steps: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(block, feature) of each column of the matrix; a topic is called by its three strongest terms."""
    found: list[tuple[str, str]] = []
    for spec in specs:
        columns = [spec.columns] if isinstance(spec.columns, str) else list(spec.columns)
        last = steps[spec.steps[-1]]
        if isinstance(last, Normalizer):
            last = steps[spec.steps[0]]
        if isinstance(last, TruncatedSVD):
            terms = steps[spec.steps[0]].get_feature_names_out()
            called = [", ".join(terms[np.argsort(-np.abs(axis))[:3]]) for axis in last.components_]
        elif isinstance(last, Tfidf | Rules | Encoder | Neighbours):
            called = list(last.get_feature_names_out())
        elif isinstance(last, OneHotEncoder):
            called = list(last.get_feature_names_out(columns))
        else:
            called = columns
        found += [(spec.name, str(name)) for name in called]
    return found
