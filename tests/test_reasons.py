"""Reasons are exact shares of what a member says."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from ticket_triage.models import compiling, families
from ticket_triage.models.importance import importances
from ticket_triage.models.reasons import Columns, Voice, contributions, evidence

RNG = np.random.default_rng(0)
X = sparse.csr_matrix(RNG.random((200, 4)).astype(np.float32))
Y = (X.toarray()[:, 0] > 0.5).astype(int) + (X.toarray()[:, 1] > 0.7).astype(int)
NAMES = [("word", "refund"), ("word", "late"), ("char", "ref"), ("rules", "urgency")]


def voice(estimator: object, row: int, names: list[tuple[str, str]] = NAMES, weight: float = 1.0) -> Voice:
    one = (X[[row]].indices, X[[row]].data)
    scorer = compiling.scorer(estimator, isinstance(estimator, LogisticRegression))
    return Voice(scorer.hear(one), weight, one, Columns(names))


def test_a_linear_member_s_contributions_add_up_to_its_log_odds() -> None:
    fitted = LogisticRegression().fit(X, Y)
    found = contributions(voice(fitted, 3, [("word", str(n)) for n in range(4)]), 2)
    scores = X.toarray()[3] @ fitted.coef_.T
    assert sum(found.values()) == pytest.approx(scores[2] - scores.mean(), abs=1e-5)


def test_two_classes_share_one_row_of_coefficients() -> None:
    fitted = LogisticRegression().fit(X, Y > 0)
    weights = compiling.linear_of(fitted).weights
    assert np.allclose(weights[:, 1], -weights[:, 0])


@pytest.mark.parametrize("family", ["decision_tree", "random_forest", "lightgbm", "xgboost"])
@pytest.mark.parametrize("classes", [2, 3])
def test_trees_name_the_feature_that_decides(tmp_path, family: str, classes: int) -> None:
    kind = families.get(family)
    y = np.minimum(Y, classes - 1)
    fitted = kind.make(0).fit(X, y)
    path = tmp_path / f"model{kind.suffix}"
    families.save(fitted, path)
    trees = families.load(path)
    assert np.allclose(trees.predict_proba(X), fitted.predict_proba(X), atol=1e-6)
    row = int(np.flatnonzero(y == classes - 1)[0])
    found = contributions(voice(trees, row), classes - 1)
    assert max(found, key=lambda key: found[key]) in {("text", "refund"), ("text", "late")}
    assert trees.feature_importances_.argmax() in {0, 1}


def test_what_trees_make_of_a_word_that_is_not_there_is_not_named() -> None:
    fitted = (
        families.get("decision_tree").make(0).fit(sparse.csr_matrix((Y > 0)[:, None].astype(float)), Y > 0)
    )
    nothing = (np.zeros(0, dtype=np.int32), np.zeros(0))
    heard = compiling.scorer(fitted, linear=False).hear(nothing)
    assert heard.pushes(0)[1].sum() > 0
    for block, named in (("word", set()), ("numeric", {("feature", "late")})):
        assert set(contributions(Voice(heard, 1.0, nothing, Columns([(block, "late")])), 0)) == named


def test_evidence_is_ranked_and_its_kinds_are_named() -> None:
    fitted = LogisticRegression().fit(X, Y)
    found = evidence([voice(fitted, 0, weight=0.7), voice(fitted, 0, weight=0.3)], 1, 5)
    assert {one["kind"] for one in found} == {"text", "rule"}
    weights = [abs(one["weight"]) for one in found]
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) == pytest.approx(1, abs=1e-3)
    assert len(evidence([voice(fitted, 0)], 1, 1)) == 1


def test_importances_sum_to_one() -> None:
    fitted = LogisticRegression().fit(X, Y)
    found = importances([(fitted, 1.0, True, NAMES)])
    assert found["weight"].sum() == pytest.approx(1)
    assert found["feature"].iloc[0] in {"refund", "late"}
