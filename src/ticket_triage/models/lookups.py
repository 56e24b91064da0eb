"""Fitted steps of blocks as look-ups for a single ticket: the same values as `blocks.transform`, without tables.

Nothing here needs the libraries that models are trained with; `compiling` makes these of fitted steps.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ticket_triage import features
from ticket_triage import taxonomy as taxonomies
from ticket_triage.labeling.functions import ALARMS, Finder
from ticket_triage.models.rows import Row, Spec, unit

# What a step takes and gives: a text, a dense vector, the words of categorical columns, or a sparse row.
Step = Callable[[Any], Any]


@lru_cache(maxsize=4)
def finder(taxonomy: str) -> Finder:
    """What finds the words and patterns of an experts' file, given as text."""
    return Finder(taxonomies.parse(taxonomy, "the taxonomy of the model"))


@lru_cache(maxsize=4)
def alarms(taxonomy: str) -> dict[int, str]:
    """The kind of alarm by the number of its column."""
    return {finder(taxonomy).columns.index(kind): kind for kind in ALARMS}


@dataclass
class Fired:
    """The experts' rules that fire in a text; see `rules.Rules`."""

    taxonomy: str
    weight: float

    def __call__(self, text: str) -> Row:
        """Their columns, and the weight of each."""
        columns = np.array(sorted(finder(self.taxonomy).within(text)), dtype=np.int32)
        return columns, np.full(len(columns), np.float32(1.0) * self.weight, dtype=np.float32)

    def rang(self, columns: Sequence[int]) -> frozenset[str]:
        """Which of `urgency`, `safety` and `legal` are among the columns that show in a text."""
        kinds = alarms(self.taxonomy)
        return frozenset(kinds[column] for column in columns if column in kinds)


@dataclass
class Filled:
    """scikit-learn's `SimpleImputer`."""

    values: np.ndarray

    def __call__(self, given: np.ndarray) -> np.ndarray:
        """The numbers, none absent."""
        return np.where(np.isnan(given), self.values, given).astype(given.dtype)


@dataclass
class Scaled:
    """scikit-learn's `RobustScaler`."""

    center: np.ndarray
    scale: np.ndarray

    def __call__(self, given: np.ndarray) -> np.ndarray:
        """The numbers, around zero."""
        found = given.copy()  # in place, as scikit-learn: each result is rounded to the type of the values
        found -= self.center
        found /= self.scale
        return found


@dataclass
class OneHot:
    """scikit-learn's `OneHotEncoder`: which column each known word of a categorical column has."""

    places: list[dict[str, int]]
    dtype: str

    def __call__(self, words: list[str]) -> Row:
        """The columns of the words."""
        found = [known[word] for known, word in zip(self.places, words, strict=True) if word in known]
        return np.array(found, dtype=np.int32), np.ones(len(found), dtype=self.dtype)


@dataclass
class Unit:
    """scikit-learn's `Normalizer`."""

    def __call__(self, given: Row) -> Row:
        """The row at length one."""
        return given[0], unit(given[1])


@dataclass
class Projected:
    """scikit-learn's `TruncatedSVD`."""

    axes: np.ndarray

    def __call__(self, given: Row) -> np.ndarray:
        """The row along each axis."""
        # A fifth of a second, which most models need not wait for; SciPy adds up in an order of its own.
        from scipy import sparse

        columns, values = given
        matrix = sparse.csr_matrix((values, columns, [0, len(columns)]), shape=(1, self.axes.shape[1]))
        return np.asarray((matrix @ self.axes.T)[0])


@dataclass
class Near:
    """The cosine to the nearest of each category's examples; see `neighbours.Neighbours`."""

    vectors: np.ndarray
    labels: list[str]

    def __call__(self, given: np.ndarray) -> Row:
        """Of a vector of length one, a column for each category."""
        # As in `Projected`.
        from scipy import sparse

        cosines = (sparse.csr_matrix(given[None]) @ self.vectors.T)[0]
        nearest = [
            cosines[[one == label for one in self.labels]].max() for label in dict.fromkeys(self.labels)
        ]
        found = np.clip(np.array(nearest), 0, None).astype(np.float32)
        columns = np.flatnonzero(found).astype(np.int32)
        return columns, found[columns]


class Lookups:
    """The blocks of a model's members, ready for one ticket after another.

    Args:
        steps: every step by its digest.
        numeric: the names of the numbers in `Features.numeric`, in order.
        widths: columns of a block, by the digest of its last step.
    """

    def __init__(
        self,
        specs: Sequence[Spec],
        steps: Mapping[str, Step],
        numeric: Sequence[str],
        widths: Mapping[str, int],
    ) -> None:
        self._pick = {str(spec.columns): _picking(spec.columns, numeric) for spec in specs}
        self.steps, self.widths = steps, widths

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
            start += self.widths[spec.steps[-1]]
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
                done[key] = self.steps[digest](given)
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
