"""The row of a matrix that one ticket has, and the blocks that it is made of."""

from dataclasses import dataclass

import numpy as np

Row = tuple[np.ndarray, np.ndarray]  # of a sparse matrix: columns in ascending order, and their values


@dataclass(frozen=True)
class Spec:
    """One fitted block: its name, the columns that it reads and the digests of its steps, first to last."""

    name: str
    columns: str | tuple[str, ...]
    steps: tuple[str, ...]


def unit(values: np.ndarray) -> np.ndarray:
    """The values of a row brought to length one as scikit-learn's `normalize` does it, to the last bit."""
    total = np.add.accumulate((values * values).astype(np.float64))[-1] if len(values) else 0.0
    return np.asarray((values / np.sqrt(total)).astype(values.dtype)) if total else values
