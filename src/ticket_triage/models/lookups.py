"""Fitted blocks as look-ups for a single ticket: the same values as `blocks.transform`, without a table around them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import Normalizer, OneHotEncoder, RobustScaler

from ticket_triage import features
from ticket_triage.models import blocks
from ticket_triage.models.blocks import Row, Spec, Tfidf, unit
from ticket_triage.models.encoder import Encoder
from ticket_triage.models.rules import Rules

# What a step takes and gives: a text, a dense vector, the words of categorical columns, or a sparse row.
Step = Callable[[Any], Any]


class Lookups:
    """The blocks of a model's members, ready for one ticket after another.

    Args:
        steps: every fitted step by its digest.
        numeric: the names of the numbers in `Features.numeric`, in order.
    """

    def __init__(self, specs: Sequence[Spec], steps: Mapping[str, Any], numeric: Sequence[str]) -> None:
        self._pick = {str(spec.columns): _picking(spec.columns, numeric) for spec in specs}
        self._steps: dict[str, Step] = {}
        for spec in specs:
            columns = [spec.columns] if isinstance(spec.columns, str) else list(spec.columns)
            for digest in spec.steps:
                if digest not in self._steps:
                    self._steps[digest] = _step(steps[digest], columns)
        self._widths = {spec.steps[-1]: len(blocks.names([spec], steps)) for spec in specs}

    def row(self, specs: Sequence[Spec], ticket: features.Features, done: dict[Any, Any]) -> Row:
        """The ticket's row of the matrix that `blocks.transform` gives.

        Args:
            done: what was computed for this ticket so far; filled in.
        """
        if specs in done:
            row: Row = done[specs]
            return row
        columns, values, start = [], [], 0
        for spec in specs:
            value = self.block(spec, ticket, done)
            columns.append(value[0] + start)
            values.append(value[1])
            start += self._widths[spec.steps[-1]]
        done[specs] = np.concatenate(columns), np.concatenate(values)
        return done[specs]  # type: ignore[no-any-return]

    def block(self, spec: Spec, ticket: features.Features, done: dict[Any, Any]) -> Row:
        """The ticket's row of one block."""
        key: tuple[str, ...] = (str(spec.columns),)
        value = None
        for digest in spec.steps:
            before, key = key, (*key, digest)
            if key not in done:
                given = self._pick[before[0]](ticket) if len(before) == 1 else done[before]
                done[key] = self._steps[digest](given)
            value = done[key]
        return _row(value)


def _picking(columns: str | Sequence[str], numeric: Sequence[str]) -> Callable[[features.Features], Any]:
    if isinstance(columns, str):
        return lambda ticket: ticket.text
    if set(columns) <= set(features.CATEGORICAL):
        places = [features.CATEGORICAL.index(name) for name in columns]
        return lambda ticket: [ticket.categorical[place] for place in places]
    chosen = np.array([list(numeric).index(name) for name in columns])
    return lambda ticket: ticket.numeric[chosen]


def _row(value: Any) -> Row:
    if isinstance(value, tuple):
        return value
    columns = np.flatnonzero(value)
    return columns, value[columns]


def _step(step: Any, columns: list[str]) -> Step:
    """A step for one ticket; one of a kind that is not known here runs as it does in a table."""
    if isinstance(step, Tfidf | Rules):
        return step.row
    if isinstance(step, Encoder):
        return step.vector
    if isinstance(step, SimpleImputer):
        fill = np.asarray(step.statistics_)
        return lambda given: np.where(np.isnan(given), fill, given).astype(given.dtype)
    if isinstance(step, RobustScaler):
        return lambda given: _scaled(given, step.center_, step.scale_)
    if isinstance(step, OneHotEncoder):
        return _OneHot(step, columns)
    if isinstance(step, Normalizer):
        return lambda given: (given[0], unit(given[1]))
    return _Plain(step)


def _scaled(given: np.ndarray, center: np.ndarray, scale: np.ndarray) -> np.ndarray:
    found = given.copy()  # in place, as scikit-learn: each result is rounded to the type of the values
    found -= center
    found /= scale
    return found


class _OneHot:
    """Which column each known word of a categorical column has; learnt by asking the encoder for each."""

    def __init__(self, step: OneHotEncoder, columns: list[str]) -> None:
        self._dtype = step.dtype
        self._places: list[dict[str, int]] = []
        for number, known in enumerate(step.categories_):
            table = pd.DataFrame(
                {name: [""] * len(known) for name in columns}, dtype="str"
            )  # a word none has
            table[columns[number]] = pd.array([str(one) for one in known], dtype="str")
            shown = step.transform(table)
            self._places.append({})
            for row, word in enumerate(known):
                found = shown.indices[shown.indptr[row] : shown.indptr[row + 1]]
                self._places[-1] |= {str(word): int(column) for column in found}

    def __call__(self, words: list[str]) -> Row:
        found = [known[word] for known, word in zip(self._places, words, strict=True) if word in known]
        return np.array(found, dtype=np.int32), np.ones(len(found), dtype=self._dtype)


class _Plain:
    def __init__(self, step: Any) -> None:
        self._step = step

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
