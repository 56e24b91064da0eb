from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import small_taxonomy

from ticket_triage import features, params, taxonomy
from ticket_triage.models import graph, lookup, pretrained, shelf, training

EXPERTS = small_taxonomy.of_words()


@pytest.fixture(scope="module")
def rows(learnt: dict[str, training.Training]) -> dict[str, training.Training]:
    return {task: replace(one, taxonomy=taxonomy.to_yaml(EXPERTS)) for task, one in learnt.items()}


@pytest.mark.parametrize("task", ["category", "priority"])
def test_it_knows_the_experts_file_and_no_gold(
    task: str,
    rows: dict[str, training.Training],
    train_settings: params.Train,
    encode_settings: params.Encode,
    tmp_path: Path,
) -> None:
    member = lookup.make(task, rows[task], encode_settings, train_settings, None)
    labels = rows[task].labels
    wrong = replace(rows[task], labels=labels.sample(frac=1, random_state=1).set_axis(labels.index))
    other = lookup.make(task, wrong, encode_settings, train_settings, None)
    pd.testing.assert_frame_equal(member.out_of_fold, other.out_of_fold)
    assert member.found.score > 0.5
    shelf.save(member, tmp_path / "rules")
    table = features.build(pd.DataFrame({"text": ["charged for an invoice", "emergency now"]}))
    saved = shelf.load(tmp_path / "rules").predict_proba(table)
    assert saved.idxmax(axis=1)[0] == {"category": "billing", "priority": "medium"}[task]
    assert task == "category" or saved.idxmax(axis=1)[1] == "high"


def test_with_an_encoder_the_nearest_examples_speak(
    rows: dict[str, training.Training],
    train_settings: params.Train,
    encode_settings: params.Encode,
    tmp_path: Path,
) -> None:
    source = pretrained.read(encode_settings.source, encode_settings.sha256)
    runs = graph.build(source.weights, source.config, unit=True)
    reader = pretrained.step(runs, source.tokenizer, encode_settings.tokens)
    shelf.save(
        lookup.make("category", rows["category"], encode_settings, train_settings, reader), tmp_path / "rules"
    )
    example = EXPERTS.categories[0].examples[0]
    saved = shelf.load(tmp_path / "rules")
    guess = saved.predict_proba(features.build(pd.DataFrame({"text": [example]})))
    assert guess.idxmax(axis=1)[0] == EXPERTS.categories[0].label
    assert "neighbours" in {block["name"] for block in shelf.read(tmp_path / "rules").about["blocks"]}


def test_without_rules_there_is_no_member(
    learnt: dict[str, training.Training],
    train_settings: params.Train,
    encode_settings: params.Encode,
    tmp_path: Path,
) -> None:
    plain = taxonomy.to_yaml(taxonomy.from_labels(["a", "b"], "own"))
    none = {task: replace(one, taxonomy=plain) for task, one in learnt.items()}
    assert lookup.write(none, encode_settings, train_settings, None, tmp_path) == {}
    assert "no keywords" in shelf.read(tmp_path / "category" / "rules").skipped
