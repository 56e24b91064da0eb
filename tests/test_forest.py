"""Trees as flat arrays say what their libraries say, and their ways add up to it."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import xgboost
from scipy import sparse

from ticket_triage.models import families, trees
from ticket_triage.models.forest import Forest

RNG = np.random.default_rng(3)
X = sparse.random_array((400, 30), density=0.2, rng=RNG, dtype=np.float32, format="csr")
X = sparse.csr_matrix(X)
Y = (X.toarray()[:, 0] > 0.1).astype(int) + 2 * (X.toarray()[:, 1] > 0.2).astype(int)


def rows(matrix: sparse.csr_array) -> list[tuple[np.ndarray, np.ndarray]]:
    ends = matrix.indptr
    return [(matrix.indices[start:end], matrix.data[start:end]) for start, end in pairwise(ends)]


def fitted(family: str, path: Path, y: np.ndarray = Y, **values: float) -> object:
    made = families.get(family).make(0, **values).fit(X, y)
    families.save(made, path)
    return families.load(path)


def test_lightgbm(tmp_path: Path) -> None:
    member = fitted("lightgbm", tmp_path / "model.txt", n_estimators=20, num_leaves=9)
    flat = Forest.of(trees.of_lightgbm(member.text))
    for row, wanted in zip(rows(X), member._booster.predict(X, raw_score=True), strict=True):
        walk = flat.walk(row)
        said = flat.value[walk.leaves].reshape(-1, 4).sum(axis=0)
        assert np.array_equal(said, wanted)
        before, after, _ = walk.steps
        columns, added = flat.added(walk, flat.value[after] - flat.value[before])
        assert added.sum() == pytest.approx((flat.value[walk.leaves] - flat.value[flat.roots]).sum())
        assert set(columns) <= set(range(30))


def test_a_tree_that_is_a_leaf_says_the_same_of_all(tmp_path: Path) -> None:
    member = fitted("lightgbm", tmp_path / "model.txt", n_estimators=2, min_child_samples=400)
    flat = Forest.of(trees.of_lightgbm(member.text))
    walk = flat.walk(rows(X)[0])
    assert not len(walk.steps[0])
    wanted = member._booster.predict(X[[0]], raw_score=True)[0]
    assert np.allclose(flat.value[walk.leaves].reshape(-1, 4).sum(axis=0), wanted)


def test_xgboost_to_the_bit_and_its_own_contributions(tmp_path: Path) -> None:
    member = fitted("xgboost", tmp_path / "model.ubj", n_estimators=15, max_depth=4)
    read, of, start = trees.of_xgboost(member.json)
    flat = Forest.of(read)
    booster = member._booster
    scores = booster.inplace_predict(X, predict_type="margin")
    theirs = booster.predict(xgboost.DMatrix(X), pred_contribs=True, approx_contribs=True)
    for number, row in enumerate(rows(X)):
        walk = flat.walk(row)
        said = flat.value[walk.leaves].astype(np.float32).reshape(-1, 4)
        assert np.array_equal(np.add.accumulate(np.vstack([start, said]))[-1], scores[number])
        before, after, trees_of = walk.steps
        for label in range(4):
            own = (of == label)[trees_of]
            columns, added = flat.added(walk, own * (flat.value[after] - flat.value[before]))
            dense = np.zeros(30)
            dense[columns] = added
            assert np.allclose(dense, theirs[number, label, :-1], atol=1e-5)


def test_trees_that_do_not_ask_about_numbers_alone_are_left_to_their_library() -> None:
    text = "tree\n\nTree=0\nnum_leaves=2\nnum_cat=1\n\nend of trees"
    assert trees.of_lightgbm(text) is None
