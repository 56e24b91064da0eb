"""Fitted text features."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from ticket_triage.models.blocks import Tfidf

TEXTS = [
    "Charged TWICE for my order",
    "my order is late, late, late",
    "refund my card a b",
    "",
    "été à l'hôtel 東京",
]
KINDS = {
    "word": {"ngram_range": (1, 2), "sublinear_tf": True, "dtype": np.float32},
    "char": {"analyzer": "char_wb", "ngram_range": (2, 4), "sublinear_tf": True, "dtype": np.float32},
    "three words": {"ngram_range": (2, 3), "max_features": 5},
}


@pytest.mark.parametrize("kind", KINDS)
@given(texts=st.lists(st.one_of(st.sampled_from(TEXTS), st.text(max_size=40)), max_size=4))
def test_it_gives_what_scikit_learn_gives(kind: str, texts: list[str]) -> None:
    ours, theirs = (made(**KINDS[kind]).fit(TEXTS) for made in (Tfidf, TfidfVectorizer))
    if texts:
        found = ours.transform(texts)
        assert found.dtype == theirs.dtype
        np.testing.assert_allclose(found.toarray(), theirs.transform(texts).toarray(), atol=1e-6)
    np.testing.assert_allclose(
        ours.fit_transform(TEXTS).toarray(), ours.transform(TEXTS).toarray(), atol=1e-6
    )


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from ticket_triage.models import terms

    monkeypatch.setattr(terms, "REMEMBERED", 3)
    fitted = Tfidf(**KINDS["char"]).fit(TEXTS)
    fitted.transform([" ".join(f"word{n}" for n in range(50))])
    assert len(fitted.terms()._memory) <= 3
