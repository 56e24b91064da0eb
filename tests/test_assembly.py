"""From members to a model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_model
import small_taxonomy

from ticket_triage import params, taxonomy
from ticket_triage.files import TriageError
from ticket_triage.models import assembly, ensemble, lookup, shelf, training
from ticket_triage.models.triage_model import TriageModel

SETTINGS = params.read(Path(__file__).parent.parent / "params.yaml").assemble


def test_a_task_without_members_is_left_out(
    members: dict[tuple[str, str], Path],
    split_tables: tuple[pd.DataFrame, pd.DataFrame],
    tmp_path: Path,
) -> None:
    shelf.skip("priority", "naive_bayes", tmp_path / "none", "priority has 0 gold tickets, 60 are needed")
    own = [folder for (task, _), folder in members.items() if task == "category"] + [tmp_path / "none"]
    train, validation = split_tables
    labels = taxonomy.from_labels(["billing", "delivery", "outage", "praise"], "own")
    model = assembly.assemble(
        [shelf.read(folder) for folder in own],
        train,
        validation,
        validation.head(0),
        labels,
        SETTINGS,
        calendar=False,
        info={},
        stage=tmp_path / "stage",
    )
    model.save(tmp_path / "model", tmp_path / "stage")
    answer = TriageModel.load(tmp_path / "model").predict(pd.DataFrame({"text": ["my parcel is late"]}))
    assert model.tasks == ("category",)
    assert answer["priority"].iloc[0] is None
    assert np.isnan(answer["priority_confidence"].iloc[0])


def test_texts_learnt_from_with_a_weak_label_are_among_the_training_keys(
    members: dict[tuple[str, str], Path], split_tables: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path
) -> None:
    train, validation = split_tables
    unlabelled = small_model.tickets(5, seed=77)
    own = [shelf.read(folder) for (task, _), folder in members.items() if task == "category"]

    def keys(weak_rows: int) -> set[str]:
        saved = [replace(one, about=one.about | {"weak_rows": weak_rows}) for one in own]
        labels = taxonomy.from_labels(small_model.WORDS, "own")
        tables = (train, validation, unlabelled)
        stage = tmp_path / str(weak_rows)
        model = assembly.assemble(saved, *tables, labels, SETTINGS, calendar=False, info={}, stage=stage)
        return set(model.info["training_keys"])

    assert keys(0) == set(train["text_key"])
    assert keys(3) == {*train["text_key"], *unlabelled["text_key"]}


def test_no_member_at_all_says_why(split_tables: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path) -> None:
    shelf.skip("category", "naive_bayes", tmp_path / "none", "category has 3 gold tickets, 60 are needed")
    with pytest.raises(TriageError, match="3 gold tickets, 60 are needed"):
        assembly.assemble(
            [shelf.read(tmp_path / "none")],
            *split_tables,
            split_tables[0].head(0),
            taxonomy.from_labels(["a", "b"], "own"),
            SETTINGS,
            calendar=False,
            info={},
            stage=tmp_path / "stage",
        )


def test_rules_are_what_a_task_falls_back_on(
    members: dict[tuple[str, str], Path],
    learnt: dict[str, training.Training],
    train_settings: params.Train,
    encode_settings: params.Encode,
    split_tables: tuple[pd.DataFrame, pd.DataFrame],
    tmp_path: Path,
) -> None:
    train, validation = split_tables
    experts = small_taxonomy.of_words()
    ruled = {task: replace(rows, taxonomy=taxonomy.to_yaml(experts)) for task, rows in learnt.items()}
    lookup.write(ruled, encode_settings, train_settings, None, tmp_path)
    own = [folder for (_, family), folder in members.items() if family == "naive_bayes"]
    own += [tmp_path / task / "rules" for task in ruled]
    tables = (train, validation, validation.head(0))
    stage = tmp_path / "stage"
    saved = [shelf.read(folder) for folder in own]
    model = assembly.assemble(saved, *tables, experts, SETTINGS, calendar=False, info={}, stage=stage)
    model.save(tmp_path / "model", stage)
    heads = TriageModel.load(tmp_path / "model").heads
    assert heads == model.heads
    for head in heads.values():
        assert head.fallback is not None
        assert head.fallback.classes == head.classes and head.fallback.temperature != 1


def test_the_vote_out_of_fold_is_the_models_own_rule_on_what_members_said_unseen(
    model: TriageModel, members: dict[tuple[str, str], Path]
) -> None:
    head = model.heads["category"]
    own = [shelf.read(folder) for (task, _), folder in members.items() if task == "category"]
    found = assembly.out_of_fold(head, own)
    guesses = {one.about["family"]: one.out_of_fold() for one in own}
    total = sum(
        voter.weight * ensemble.spoken(ensemble.temper(guesses[voter.family].to_numpy(), voter.temperature))
        for voter in head.voters
    )
    expected = ensemble.temper(ensemble.heard(total), head.temperature)
    assert np.allclose(found.to_numpy(), expected)
    assert list(found) == list(head.classes)
    assert np.allclose(found.sum(axis=1), 1)


def test_what_was_made_is_told_in_a_line_or_two_for_each_task(model: TriageModel) -> None:
    lines = list(assembly.in_words(model))
    guards = [head.guard for head in model.heads.values()]
    assert len(lines) == len(model.tasks) + len([guard for guard in guards if guard])
    for task, head in model.heads.items():
        told = [line for line in lines if line.startswith(f"{task}: ")][-1]
        assert f"{head.voters[0].family} {head.voters[0].weight:.2f}" in told
        assert f"confidence {head.threshold.value:.2f}" in told
