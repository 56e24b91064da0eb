"""Fitted trees as flat arrays: what all of them say of one row, and what each feature added on the way.

All trees are walked down together, a level at a time, so that a row costs some dozens of NumPy calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from ticket_triage.models.rows import Row
from ticket_triage.models.trees import Tree


class Walk:
    """The ways of one row through all trees: the leaves that it came to, in the order of the trees, and the steps."""

    def __init__(self, leaves: np.ndarray, levels: Sequence[np.ndarray], trees: np.ndarray) -> None:
        self.leaves = leaves
        self._levels, self._trees = levels, trees

    @cached_property
    def steps(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Nodes before and after each step, and the number of its tree."""
        if len(self._levels) < 2:
            nothing = np.zeros(0, dtype=np.int64)
            return nothing, nothing, nothing
        before = np.concatenate([here[: len(there)] for here, there in pairwise(self._levels)])
        after = np.concatenate(self._levels[1:])
        moved = np.flatnonzero(before != after)  # the others had arrived
        return before[moved], after[moved], self._trees[moved]


@dataclass
class Forest:
    """Several trees as one; `of` makes it.

    Attributes:
        value: of every node of all trees.
        roots: the nodes that the trees begin with.
        order: the trees, deepest first: at each level of a walk the rest has arrived.
        going: how many trees go on below each level.
        below: the left and the right child of every node.
        by: which of the columns `used` a node asks about.
        slot: of what is given, the place that a node looks at: one for each column, and where a value may be absent
            another, in which absent goes right.
        empty: what is given of a row with nothing in it.
    """

    value: np.ndarray
    roots: np.ndarray
    order: np.ndarray
    going: list[int]
    below: np.ndarray
    threshold: np.ndarray
    used: np.ndarray
    by: np.ndarray
    slot: np.ndarray
    empty: np.ndarray

    @classmethod
    def of(cls, trees: Sequence[Tree]) -> "Forest":
        """Trees of the same kind."""
        depths = np.array([tree.depth for tree in trees])
        starts = np.cumsum([0, *(len(tree.feature) for tree in trees)])[:-1]
        columns = np.concatenate([tree.feature for tree in trees])
        left, right = (
            np.concatenate([getattr(tree, side) + start for tree, start in zip(trees, starts, strict=True)])
            for side in ("left", "right")
        )
        used, by = np.unique(columns, return_inverse=True)
        slot, empty = by, np.zeros(len(used))
        if trees[0].absent_left is not None:
            slot = by + np.where(np.concatenate([tree.absent_left for tree in trees]), 0, len(used))
            empty = np.repeat([-np.inf, np.inf], len(used))
        return cls(
            value=np.concatenate([tree.value for tree in trees]),
            roots=starts,
            order=np.argsort(-depths, kind="stable"),
            going=[int((depths > level).sum()) for level in range(int(depths.max()))],
            below=np.column_stack([left, right]).ravel(),
            threshold=np.concatenate([tree.threshold for tree in trees]),
            used=used,
            by=by,
            slot=slot,
            empty=empty,
        )

    def __post_init__(self) -> None:
        # The last stands for all columns that no tree asks about.
        self._slot_of = np.full(int(self.used.max()) + 2, -1)
        self._slot_of[self.used] = np.arange(len(self.used))
        self._start = self.roots[self.order]
        self._back = np.argsort(self.order, kind="stable")
        self._trees = np.concatenate([self.order[:0], *(self.order[:going] for going in self.going)])
        self._twice = len(self.used) if len(self.empty) > len(self.used) else 0

    def walk(self, row: Row) -> Walk:
        """Walk one row down all trees."""
        columns, values = row
        slots = self._slot_of[np.minimum(columns, len(self._slot_of) - 1)]
        known = slots >= 0
        slots, values = slots[known], values[known]
        given = self.empty.copy()
        given[slots] = values
        if self._twice:
            given[slots + self._twice] = values
        nodes = self._start.copy()
        levels = [self._start]
        for going in self.going:
            here = nodes[:going]
            there = self.below[2 * here + (given[self.slot[here]] > self.threshold[here])]
            nodes[:going] = there
            levels.append(there)
        return Walk(nodes[self._back], levels, self._trees)

    def added(self, walk: Walk, weights: np.ndarray) -> Row:
        """Columns, and the sum of the weights of the steps at which they were asked about."""
        total = np.bincount(self.by[walk.steps[0]], weights, len(self.used))
        moved = np.flatnonzero(total)
        return self.used[moved], total[moved]
