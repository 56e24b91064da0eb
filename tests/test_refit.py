"""The finished vote, fitted on validation too."""

from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pytest
import small_model

from ticket_triage import features, params, taxonomy
from ticket_triage.models import encoder, refit, training, tuned
from ticket_triage.models.families import RULES
from ticket_triage.models.triage_model import TriageModel

SETTINGS = params.read(Path(__file__).parent.parent / "params.yaml").assemble
NOTHING = pd.Series([], dtype="str")


@pytest.fixture(scope="module")
def lesson(
    model: TriageModel, train_settings: params.Train, split_tables: tuple[pd.DataFrame, pd.DataFrame]
) -> training.Lesson:
    train, validation = split_tables
    known = features.build(train)
    known.insert(0, "ticket_id", train["ticket_id"])
    weak = pd.DataFrame({"ticket_id": [], "category": [], "priority": []}, dtype="str")
    rules = taxonomy.to_yaml(taxonomy.from_labels(small_model.WORDS, "small"))
    both = pd.concat([train, validation])
    return training.everything(model.tasks, both, known, weak, rules, train_settings, calendar=False)


@pytest.fixture(scope="module")
def again(
    model: TriageModel,
    lesson: training.Lesson,
    train_settings: params.Train,
    encode_settings: params.Encode,
    tmp_path_factory: pytest.TempPathFactory,
) -> TriageModel:
    home = tmp_path_factory.mktemp("refit")
    found = refit.refit(model, lesson, NOTHING, train_settings, encode_settings, SETTINGS, home / "stage")
    found.save(home / "final", home / "stage", model.reference)
    return TriageModel.load(home / "final")


def test_all_gold_but_the_sealed_parts_is_learnt_from(
    lesson: training.Lesson, split_tables: tuple[pd.DataFrame, pd.DataFrame], again: TriageModel
) -> None:
    train, validation = split_tables
    assert len(lesson.learnt["category"].labels) == len(train) + len(validation)
    assert lesson.learnt["category"].features.columns.tolist() == features.build(train).columns.tolist()
    # Promotion refuses a model that has learnt from the test; it must know all that this one has learnt from.
    assert set(again.info["training_keys"]) == {*train["text_key"], *validation["text_key"]}


def test_the_rule_stays_and_the_members_have_learnt_more(
    model: TriageModel, again: TriageModel, split_tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    _, validation = split_tables
    for task, head in model.heads.items():
        now = again.heads[task]
        assert now.model_copy(update={"voters": head.voters}) == head
        for before, after in zip(head.voters, now.voters, strict=True):
            assert after.model_copy(update={"specs": before.specs}) == before
            assert (
                before.family == RULES
                or model.estimators[before.estimator] is not again.estimators[after.estimator]
            )
    truth = validation["gold_category"].to_numpy()

    def loss(one: TriageModel) -> float:
        guess = one.predict_proba(validation)["category"]
        return float(
            -np.log(guess.to_numpy()[np.arange(len(truth)), guess.columns.get_indexer(truth)]).mean()
        )

    assert loss(again) < loss(model)  # it has seen the answers
    assert model.nearest is not None and again.nearest is not None
    assert len(again.nearest.tickets) == len(model.nearest.tickets) + len(validation)


@pytest.mark.parametrize("taught", [0, 40])
def test_an_encoder_teaches_itself_again_only_where_that_had_helped(
    taught: int,
    model: TriageModel,
    lesson: training.Lesson,
    train_settings: params.Train,
    encode_settings: params.Encode,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That fine-tuning itself repeats what it did is shown where PyTorch is, in test_finetune.py."""
    found = {tuned.EPOCHS: 3, tuned.TAUGHT: taught}
    head = model.heads["category"]
    voter = next(voter for voter in head.voters if voter.family != RULES)
    fine_tuned = voter.model_copy(update={"family": encoder.FAMILY, "values": found})
    voters = tuple(fine_tuned if one is voter else one for one in head.voters)
    before = replace(model, heads=model.heads | {"category": head.model_copy(update={"voters": voters})})
    given: list[tuple[Any, ...]] = []

    def remember(*arguments: Any) -> NoReturn:
        given.append(arguments)
        raise InterruptedError

    monkeypatch.setattr(tuned, "refit", remember)
    texts = pd.Series(["my parcel is late", "where is my refund"])
    with pytest.raises(InterruptedError):
        refit.refit(before, lesson, texts, train_settings, encode_settings, SETTINGS, tmp_path / "stage")
    assert list(given[0][2]) == (list(texts) if taught else [])
    assert given[0][4] == 3
    assert refit.steps(before) == (6 if taught else 3)


def test_without_more_rows_the_same_model_comes_out(
    model: TriageModel,
    train_settings: params.Train,
    encode_settings: params.Encode,
    split_tables: tuple[pd.DataFrame, pd.DataFrame],
    learnt: dict[str, training.Training],
    tmp_path: Path,
) -> None:
    train, validation = split_tables
    lesson = training.Lesson(dict(learnt), train)
    found = refit.refit(model, lesson, NOTHING, train_settings, encode_settings, SETTINGS, tmp_path / "stage")
    head = validation.head(50)
    for task, guess in model.predict_proba(head).items():
        assert found.predict_proba(head)[task].to_numpy() == pytest.approx(guess.to_numpy(), abs=1e-6)
