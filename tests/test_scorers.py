"""A member hears one row as it reads a matrix, and what pushes a label adds up to what it says."""

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.neighbors import KNeighborsClassifier
from test_forest import X, Y, rows

from ticket_triage.models import compiled, compiling, families
from ticket_triage.models.compiled import Compiled

SMALL = {
    "naive_bayes": {},
    "logistic_regression": {"max_iter": 300},
    "decision_tree": {"max_depth": 8},
    "random_forest": {"n_estimators": 12},
    "lightgbm": {"n_estimators": 12, "num_leaves": 7},
    "xgboost": {"n_estimators": 12, "max_depth": 3},
}


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("family", SMALL)
def test_it_says_what_the_member_says(tmp_path: Path, family: str, classes: int) -> None:
    kind = families.get(family)
    path = tmp_path / f"model{kind.suffix}"
    families.save(kind.make(0, **SMALL[family]).fit(X, np.minimum(Y, classes - 1)), path)
    member = families.load(path)
    made = compiling.scorer(member, kind.linear)
    assert compiled.write(Compiled({}, {}, {"model": made}), tmp_path)
    read = compiled.read(tmp_path)
    assert read is not None
    scorer = read.scorers["model"]
    for row in rows(X)[:50]:
        assert np.array_equal(scorer.hear(row).probabilities, made.hear(row).probabilities)
        for found, expected in zip(scorer.hear(row).pushes(1), made.hear(row).pushes(1), strict=True):
            assert np.array_equal(found, expected)
    wanted = compiling.table(member, scorer, X)
    assert np.allclose(wanted, member.predict_proba(X), atol=1e-6)
    for row, expected in zip(rows(X), wanted, strict=True):
        heard = scorer.hear(row)
        assert np.allclose(heard.probabilities, expected, rtol=0, atol=1e-12)
    nothing = csr_matrix((1, X.shape[1]), dtype=np.float32)
    assert np.allclose(
        scorer.hear(rows(nothing)[0]).probabilities,
        compiling.table(member, scorer, nothing),
        rtol=0,
        atol=1e-12,
    )


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("family", SMALL)
def test_what_pushes_a_label_adds_up(family: str, classes: int, tmp_path: Path) -> None:
    kind = families.get(family)
    path = tmp_path / f"model{kind.suffix}"
    families.save(kind.make(0, **SMALL[family]).fit(X, np.minimum(Y, classes - 1)), path)
    scorer = compiling.scorer(families.load(path), kind.linear)
    least = 1e-4 if family in ("decision_tree", "random_forest") else 0.0
    # Between two rows, what is known before any column is asked about falls away.
    for one, other in zip(rows(X)[:20], rows(X)[20:40], strict=True):
        for label in range(classes):
            odds = [over_mean(scorer.hear(row).probabilities, least)[label] for row in (one, other)]
            pushed = [scorer.hear(row).pushes(label)[1].sum() for row in (one, other)]
            assert pushed[1] - pushed[0] == pytest.approx(odds[1] - odds[0], abs=1e-5)


def test_a_classifier_of_no_known_kind_is_asked_as_it_is(tmp_path: Path) -> None:
    member = KNeighborsClassifier().fit(X, Y)
    scorer = compiling.scorer(member, linear=False)
    heard = scorer.hear(rows(X)[5])
    assert np.array_equal(heard.probabilities, member.predict_proba(X[[5]])[0])
    assert np.array_equal(compiling.table(member, scorer, X), member.predict_proba(X))
    assert len(heard.pushes(0)[0]) == 0
    assert not compiled.write(Compiled({}, {}, {"model": scorer}), tmp_path)
    assert not list(tmp_path.iterdir()) and compiled.read(tmp_path) is None


def over_mean(probabilities: np.ndarray, least: float) -> np.ndarray:
    logs = np.log(np.maximum(probabilities, least))
    return logs - logs.mean()
