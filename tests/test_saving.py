"""Fitted objects as files."""

import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ticket_triage.files import TriageError
from ticket_triage.models import saving
from ticket_triage.models.blocks import Tfidf

TEXTS = ["charged twice", "parcel is late", "charged for a parcel", "internet is down"]


def test_an_equal_object_gives_equal_bytes_and_comes_back_the_same(tmp_path) -> None:
    first, second = (Tfidf(min_df=1, ngram_range=(1, 2)).fit(TEXTS) for _ in range(2))
    assert saving.dumps(first) == saving.dumps(second)
    path = tmp_path / "words.skops"
    path.write_bytes(saving.dumps(first))
    again = saving.loads(path)
    assert (again.transform(TEXTS) != first.transform(TEXTS)).nnz == 0
    assert saving.dumps(again) == saving.dumps(first)


def test_another_process_writes_the_same_bytes() -> None:
    script = (
        "import hashlib, sys; from ticket_triage.models import saving; from ticket_triage.models.blocks import Tfidf;"
        f"word = Tfidf(min_df=1, ngram_range=(1, 2)).fit({TEXTS!r}); word.transform(['late']);"
        "print(hashlib.sha256(saving.dumps(word)).hexdigest())"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(hashes) == 1


def test_a_classifier_predicts_as_before(tmp_path) -> None:
    X, y = np.eye(4), np.array([0, 1, 0, 1])
    fitted = LogisticRegression().fit(X, y)
    path = tmp_path / "model.skops"
    path.write_bytes(saving.dumps(fitted))
    assert np.array_equal(saving.loads(path).predict_proba(X), fitted.predict_proba(X))


def test_a_type_that_is_not_trusted_is_refused(tmp_path) -> None:
    class Own(LogisticRegression):
        pass

    Own.__module__, Own.__qualname__ = "somewhere.else", "Own"
    path = tmp_path / "model.skops"
    path.write_bytes(saving.dumps(Own()))
    with pytest.raises(TriageError, match=r"model\.skops.*somewhere\.else\.Own"):
        saving.loads(path)


@pytest.mark.parametrize("content", [b"", b"not a zip", saving.dumps(LogisticRegression())[:100]])
def test_a_damaged_file_is_named(tmp_path, content: bytes) -> None:
    (tmp_path / "model.skops").write_bytes(content)
    with pytest.raises(TriageError, match=r"cannot load .*model\.skops"):
        saving.loads(tmp_path / "model.skops")
