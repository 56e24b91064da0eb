"""An encoder is opened only if it is the one that was meant."""

import json
from pathlib import Path

import pytest
import small_encoder

from ticket_triage import params
from ticket_triage.files import TriageError
from ticket_triage.models import pretrained

SETTINGS = params.read(Path(__file__).parent.parent / "params.yaml").encode


def test_a_folder_is_read(tmp_path: Path) -> None:
    digest = small_encoder.write(tmp_path)
    found = pretrained.read(str(tmp_path), digest)
    assert found.config["hidden_size"] == small_encoder.SIZE
    assert set(found.weights) == set(small_encoder.weights(1))
    assert json.loads(found.tokenizer)["model"]["type"] == "WordPiece"


def test_the_default_one_is_installed_and_is_the_published_one() -> None:
    found = pretrained.read(SETTINGS.source, SETTINGS.sha256)
    assert found.weights["embeddings.word_embeddings.weight"].shape == (30522, 384)


def test_other_weights_are_refused(tmp_path: Path) -> None:
    small_encoder.write(tmp_path)
    with pytest.raises(TriageError, match=r"`encode.sha256` is 0000"):
        pretrained.read(str(tmp_path), "0" * 64)


@pytest.mark.parametrize("source", ["no_such_package", "no/such/folder", "json"])
def test_what_is_not_there_is_told(source: str) -> None:
    with pytest.raises(TriageError, match="there is no encoder"):
        pretrained.read(source, "0" * 64)


def test_a_folder_without_weights_and_another_kind_are_told(tmp_path: Path) -> None:
    digest = small_encoder.write(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(small_encoder.CONFIG | {"model_type": "gpt2"}))
    with pytest.raises(TriageError, match="no BERT"):
        pretrained.read(str(tmp_path), digest)
    (tmp_path / "config.json").write_text('{"model_type": ')
    with pytest.raises(TriageError, match=r"config\.json"):
        pretrained.read(str(tmp_path), digest)
    (tmp_path / pretrained.WEIGHTS).unlink()
    with pytest.raises(TriageError, match=r"has no model\.safetensors"):
        pretrained.read(str(tmp_path), digest)
