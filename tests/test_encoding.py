"""Members with an encoder, made by the code that makes all others, on a small encoder with drawn weights."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ticket_triage import features, params
from ticket_triage.files import TriageError
from ticket_triage.models import encoding, shelf
from ticket_triage.models.training import Training
from ticket_triage.models.triage_model import TriageModel

ROOT = Path(__file__).parent.parent
NONE = pd.Series(dtype="str")


@pytest.fixture(scope="module")
def made(
    learnt: dict[str, Training],
    encode_settings: params.Encode,
    train_settings: params.Train,
    tmp_path_factory: pytest.TempPathFactory,
) -> encoding.Made:
    home = tmp_path_factory.mktemp("journals")
    told: list[int] = []
    found = encoding.make(
        learnt,
        NONE,
        NONE,
        encode_settings,
        train_settings,
        {t: home / t for t in learnt},
        lambda done, best: told.append(done),
    )
    assert told[-1] == encoding.steps(encode_settings, train_settings, len(learnt))
    return found


def test_a_frozen_encoder_has_a_head_for_each_task_that_beats_chance(
    made: encoding.Made, learnt: dict[str, Training], train_settings: params.Train
) -> None:
    assert 0.9 < made.agreement["encoder"] <= 1
    known = encoding.record(made, learnt, train_settings)
    assert known["metrics"]["category_oof_accuracy"] > 0.5  # of four
    assert known["params"]["priority_rows"] == 500
    for one in made.members:
        assert list(one.out_of_fold.index) == list(learnt[one.task].labels.index)
        assert np.allclose(one.out_of_fold.sum(axis=1), 1)


def test_it_votes_with_the_others_and_gives_no_reasons_that_nobody_can_read(
    model: TriageModel, split_tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    for head in model.heads.values():
        assert {voter.family for voter in head.voters} > {"encoder"}
    answers = model.predict(split_tables[1].head(20), reasons=50)
    features_named = {reason["feature"] for listed in answers["reasons"] for reason in listed}
    assert len(features_named) > 10
    assert not any(name.startswith("embedding") for name in features_named)
    assert not model.importance("category")["feature"].str.startswith("embedding").any()
    assert model.check() == []


def test_saved_it_predicts_as_before(
    made: encoding.Made, split_tables: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path
) -> None:
    table = features.build(split_tables[1].head(20))
    for (task, family), folder in encoding.save(made, tmp_path).items():
        one = shelf.load(folder)
        found = one.predict_proba(table)
        assert np.allclose(found.sum(axis=1), 1)
        fitted = made.of(task, family).pipeline.predict_proba(table)
        assert found.to_numpy() == pytest.approx(fitted)


def test_disagreement_of_the_small_encoder_is_told(
    learnt: dict[str, Training], encode_settings: params.Encode, train_settings: params.Train, tmp_path: Path
) -> None:
    strict = encode_settings.model_copy(update={"min_agreement": 1.0})
    with pytest.raises(TriageError, match="says something else"):
        encoding.make(learnt, NONE, NONE, strict, train_settings, {t: tmp_path / t for t in learnt}, print)


def test_more_tokens_than_the_encoder_has_places_for_are_refused(
    learnt: dict[str, Training], encode_settings: params.Encode, train_settings: params.Train
) -> None:
    long = encode_settings.model_copy(update={"tokens": 500})
    with pytest.raises(TriageError, match="is 500, the encoder reads at most 128"):
        encoding.make(learnt, NONE, NONE, long, train_settings, {}, print)


def test_without_torch_it_is_said_what_to_do(
    learnt: dict[str, Training],
    encode_settings: params.Encode,
    train_settings: params.Train,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    tuned = encode_settings.model_copy(update={"mode": "tuned"})
    with pytest.raises(TriageError, match="run `make torch`"):
        encoding.make(learnt, NONE, NONE, tuned, train_settings, {}, print)


def test_why_there_is_no_encoder(
    learnt: dict[str, Training], encode_settings: params.Encode, train_settings: params.Train
) -> None:
    none = encode_settings.model_copy(update={"mode": "none"})
    one_task = train_settings.model_copy(update={"tasks": ["category"]})
    many = train_settings.model_copy(update={"min_gold": 1000})
    assert (
        encoding.skipped("category", "encoder", learnt["category"], encode_settings, train_settings) is None
    )
    assert (
        encoding.skipped("category", "encoder", learnt["category"], none, train_settings)
        == "`encode.mode` is none"
    )
    assert "not among" in str(
        encoding.skipped("priority", "encoder", learnt["priority"], encode_settings, one_task)
    )
    assert "1000 are needed" in str(
        encoding.skipped("category", "encoder", learnt["category"], encode_settings, many)
    )
    frozen = str(
        encoding.skipped("category", "frozen_encoder", learnt["category"], encode_settings, train_settings)
    )
    assert frozen == "`encode.mode` is frozen"


def test_scores_are_told_in_words() -> None:
    assert encoding.in_words({"category encoder": 0.64541, "priority encoder": 0.7}) == (
        "category encoder 0.645, priority encoder 0.700"
    )
