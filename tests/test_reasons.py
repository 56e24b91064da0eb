"""Reasons are exact shares of what a member says."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from ticket_triage.models import families
from ticket_triage.models.reasons import Evidence, coefficients, contributions, evidence, importances

RNG = np.random.default_rng(0)
X = sparse.csr_matrix(RNG.random((200, 4)).astype(np.float32))
Y = (X.toarray()[:, 0] > 0.5).astype(int) + (X.toarray()[:, 1] > 0.7).astype(int)
NAMES = [("word", "refund"), ("word", "late"), ("char", "ref"), ("rules", "urgency")]


def test_a_linear_member_s_contributions_add_up_to_its_log_odds() -> None:
    fitted = LogisticRegression().fit(X, Y)
    names = [("word", str(n)) for n in range(4)]
    found = contributions(Evidence(fitted, 1.0, True, X, names), 3, 2)
    scores = X.toarray()[3] @ fitted.coef_.T
    assert sum(found.values()) == pytest.approx(scores[2] - scores.mean(), abs=1e-5)


def test_two_classes_share_one_row_of_coefficients() -> None:
    fitted = LogisticRegression().fit(X, Y > 0)
    assert np.allclose(coefficients(fitted)[1], -coefficients(fitted)[0])


@pytest.mark.parametrize("family", ["lightgbm", "xgboost"])
@pytest.mark.parametrize("classes", [2, 3])
def test_boosted_trees_name_the_feature_that_decides(tmp_path, family: str, classes: int) -> None:
    kind = families.get(family)
    y = np.minimum(Y, classes - 1)
    fitted = kind.make(0, n_estimators=10).fit(X, y)
    path = tmp_path / f"model{kind.suffix}"
    families.save(fitted, path)
    trees = families.load(path)
    assert np.allclose(trees.predict_proba(X), fitted.predict_proba(X), atol=1e-6)
    assert trees.shapley(X[[0]]).shape == (classes, 4)
    row = int(np.flatnonzero(y == classes - 1)[0])
    found = contributions(Evidence(trees, 1.0, False, X, NAMES), row, classes - 1)
    assert max(found, key=lambda key: found[key]) in {("text", "refund"), ("text", "late")}
    assert trees.feature_importances_.argmax() in {0, 1}


def test_evidence_is_ranked_and_its_kinds_are_named() -> None:
    fitted = LogisticRegression().fit(X, Y)
    found = evidence([Evidence(fitted, 0.7, True, X, NAMES), Evidence(fitted, 0.3, True, X, NAMES)], 0, 1, 5)
    assert {one["kind"] for one in found} == {"text", "rule"}
    weights = [abs(one["weight"]) for one in found]
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) == pytest.approx(1, abs=1e-3)
    assert len(evidence([Evidence(fitted, 1.0, True, X, NAMES)], 0, 1, 1)) == 1


def test_importances_sum_to_one() -> None:
    fitted = LogisticRegression().fit(X, Y)
    found = importances([(fitted, 1.0, True, NAMES)])
    assert found["weight"].sum() == pytest.approx(1)
    assert found["feature"].iloc[0] in {"refund", "late"}
