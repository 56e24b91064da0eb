"""The encoder as a step of a pipeline."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

from ticket_triage import params
from ticket_triage.models import pretrained, saving
from ticket_triage.models.encoder import Encoder
from ticket_triage.models.session import spoken

SETTINGS = params.read(Path(__file__).parent.parent / "params.yaml").encode
TEXTS = [
    "my parcel never arrived",
    "where is the package that I ordered",
    "I cannot log in to my account",
    "the password I set does not work when signing in",
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    source = pretrained.read(SETTINGS.source, SETTINGS.sha256)
    return pretrained.small(source.weights, source, SETTINGS, TEXTS, unit=True)[0]


def test_texts_of_one_matter_are_near(encoder: Encoder) -> None:
    vectors = encoder.transform(TEXTS).toarray()
    near = vectors @ vectors.T
    assert np.diag(near) == pytest.approx(1, abs=1e-4)
    assert near[0].argsort()[-2] == 1
    assert near[2].argsort()[-2] == 3


def test_an_answer_depends_on_its_text_alone(encoder: Encoder) -> None:
    many = encoder.transform([*TEXTS * 5, "unheard of " * 40]).toarray()
    for text, row in zip(TEXTS, many, strict=False):
        assert np.array_equal(encoder.transform([text]).toarray()[0], row)


def test_saved_and_loaded_it_says_the_same(encoder: Encoder, tmp_path: Path) -> None:
    data = saving.dumps(encoder)
    assert data == saving.dumps(clone(encoder))
    (tmp_path / "step.skops").write_bytes(data)
    loaded = saving.loads(tmp_path / "step.skops")
    assert np.array_equal(loaded.transform(TEXTS).toarray(), encoder.transform(TEXTS).toarray())
    assert encoder.get_feature_names_out()[0] == "embedding 0"


@pytest.mark.parametrize("text", ["", " ", "é" * 5_000, "word " * 3_000, "😀🏽", "\x00"])
def test_no_text_is_too_odd(encoder: Encoder, text: str) -> None:
    assert np.isfinite(encoder.transform([text]).toarray()).all()


def test_none_are_an_empty_matrix(encoder: Encoder) -> None:
    assert encoder.transform([]).shape == (0, 384)


def test_emoji_and_tokens_are_spoken() -> None:
    assert spoken("late again :loudly_crying_face: see <url>") == "late again  loudly crying face  see url"
