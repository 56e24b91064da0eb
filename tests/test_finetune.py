"""Fine-tuning, on a small encoder with drawn weights; `make torch` installs what it needs."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_model

from ticket_triage import params
from ticket_triage.models import encoding, graph, pretrained, shelf
from ticket_triage.models import tuned as tuned_heads
from ticket_triage.models.tuned import find_torch, softmax_head

if not find_torch():
    assert not os.environ.get("CI"), "PyTorch is lacking: .ci/run installs it"
    pytest.skip("PyTorch is not here: run `make torch`", allow_module_level=True)

import torch
from tokenizers import Tokenizer

from ticket_triage.models import finetune
from ticket_triage.models.network import Network, padded
from ticket_triage.models.session import spoken
from ticket_triage.models.training import Training

TUNE = {"epochs": 8, "batch": 8, "rate": 0.005, "head_rate": 0.05}


@pytest.fixture(scope="module")
def tuned(encode_settings: params.Encode) -> params.Encode:
    return encode_settings.model_copy(
        update={"mode": "tuned", "tune": encode_settings.tune.model_copy(update=TUNE)}
    )


def test_the_network_is_the_graph(tuned: params.Encode, tmp_path: Path) -> None:
    source = pretrained.read(tuned.source, tuned.sha256)
    network = Network(source, {"category": 4}).eval()
    for name, value in network.weights().items():
        if "position" not in name and "token_type" not in name:
            assert np.array_equal(value, source.weights[name]), name
    texts = ["my parcel is late", "internet down now"]
    exact, small = (
        pretrained.step(data, source.tokenizer, tuned.tokens)
        for data in (
            graph.build(source.weights, source.config, unit=False),
            graph.build(network.weights(), source.config, unit=False),
        )
    )
    assert exact.transform(texts).toarray() == pytest.approx(small.transform(texts).toarray(), abs=1e-5)
    head = network.heads["category"]
    by_graph = exact.transform(texts).toarray() @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    tokenizer = Tokenizer.from_str(source.tokenizer)
    ids = [tokenizer.encode(spoken(text)).ids for text in texts]
    with torch.no_grad():
        assert network(*padded(ids))["category"].numpy() == pytest.approx(by_graph, abs=1e-4)


def test_it_learns_all_tasks_and_predicts_out_of_fold(
    learnt: dict[str, Training],
    tuned: params.Encode,
    train_settings: params.Train,
    split_tables: tuple[pd.DataFrame, pd.DataFrame],
    tmp_path: Path,
) -> None:
    split = split_tables[0].set_index("ticket_id")
    mood = split["gold_category"].map(lambda label: "positive" if label == "praise" else "negative")
    told: list[int] = []
    none = pd.Series(dtype="str")
    found = encoding.make(learnt, mood, none, tuned, train_settings, {}, lambda done, best: told.append(done))
    assert told == sorted(told)
    assert found.of("category").values["stopped_after"] <= 8
    category = found.of("category")
    assert (category.out_of_fold.idxmax(axis=1) == learnt["category"].labels).mean() > 0.5  # of four
    folders = encoding.save(found, tmp_path)
    one = shelf.load(folders["category", "encoder"]).predict_proba(learnt["category"].features)
    assert (one.idxmax(axis=1) == learnt["category"].labels).mean() > 0.75
    assert encoding.record(found, learnt, train_settings)["params"]["priority_epochs"] == 8
    assert small_model.WORDS.keys() == set(category.classes)


def test_the_same_seed_gives_the_same_network(tuned: params.Encode) -> None:
    source = pretrained.read(tuned.source, tuned.sha256)
    once = tuned.tune.model_copy(update={"epochs": 1})
    texts, targets = (
        ["late parcel", "internet down", "thanks"] * 8,
        {"category": np.eye(3)[np.arange(24) % 3]},
    )
    first, second = (
        finetune.tune(texts, targets, list(range(24)), source, once, tokens=16, folds=2, seed=1)
        for _ in range(2)
    )
    assert np.array_equal(first.out_of_fold["category"], second.out_of_fold["category"])
    assert all(np.array_equal(value, second.weights[name]) for name, value in first.weights.items())


def test_steps_in_bfloat16_come_to_nearly_the_same_network(tuned: params.Encode) -> None:
    source = pretrained.read(tuned.source, tuned.sha256)
    texts, targets = (
        ["late parcel", "internet down", "thanks"] * 8,
        {"category": np.eye(3)[np.arange(24) % 3]},
    )
    exact, rough = (
        finetune.once(
            texts,
            targets,
            source,
            tuned.tune.model_copy(update={"precision": precision, "epochs": 4, "rate": 0.001}),
            tokens=16,
            seed=1,
            epochs=4,
        )
        for precision in ("float32", "bfloat16")
    )
    for (name, value), other in zip(exact.weights.items(), rough.weights.values(), strict=True):
        assert other.dtype == np.float32
        assert other == pytest.approx(value, abs=0.02), name
    assert not all(map(np.array_equal, exact.weights.values(), rough.weights.values()))


def test_it_stops_after_the_epoch_of_the_least_loss_and_so_does_a_refit(tuned: params.Encode) -> None:
    source = pretrained.read(tuned.source, tuned.sha256)
    texts = ["late parcel", "internet down", "thanks"] * 8
    nonsense = {"category": np.eye(2)[np.random.default_rng(0).integers(0, 2, 24)]}
    found = finetune.tune(texts, nonsense, list(range(24)), source, tuned.tune, tokens=16, folds=2, seed=1)
    assert found.epochs == int(np.argmin(found.losses)) + 1
    assert found.epochs < tuned.tune.epochs == len(found.losses)  # what cannot be learnt is learnt by heart
    again = finetune.once(texts, nonsense, source, tuned.tune, tokens=16, seed=1, epochs=found.epochs)
    assert all(np.array_equal(value, again.weights[name]) for name, value in found.weights.items())


def test_unlabelled_texts_teach_only_where_they_help_out_of_fold(tuned: params.Encode) -> None:
    source = pretrained.read(tuned.source, tuned.sha256)
    words = ["late parcel", "internet down", "thanks a lot"]
    texts, targets = [words[n % 3] for n in range(24)], {"category": np.eye(3)[np.arange(24) % 3]}
    short = tuned.tune.model_copy(update={"epochs": 2, "rate": 0.002})
    found = finetune.tune(
        texts, targets, list(range(24)), source, short, tokens=16, folds=2, seed=1, unlabelled=words * 20
    )
    assert len(found.taught) == len(found.losses) == 2
    assert min(found.taught) < min(found.losses)  # twice as many steps
    assert found.pseudo == 60
    again, alone = (
        finetune.once(texts, targets, source, short, tokens=16, seed=1, epochs=2, unlabelled=more)
        for more in (words * 20, ())
    )
    assert (again.pseudo, alone.pseudo) == (60, 0)  # a refit teaches itself, too
    assert any(not np.array_equal(value, alone.weights[name]) for name, value in again.weights.items())
    strange = ["zzz zzz", "parcel down thanks", "lot"] * 20
    bad = tuned.tune.model_copy(update={"epochs": 8})
    kept = finetune.tune(
        texts, targets, list(range(24)), source, bad, tokens=16, folds=2, seed=1, unlabelled=strange
    )
    assert kept.pseudo == (60 if min(kept.taught) < min(kept.losses) else 0)


def test_a_second_label_gets_its_share_of_the_target(
    learnt: dict[str, Training], split_tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    rows = learnt["category"]
    second = rows.labels.where(rows.labels != "praise", "billing").where(rows.labels == "praise")
    given = {"category": dataclasses.replace(rows, seconds=second)}
    labels = tuple(sorted(rows.labels.unique()))
    lesson = tuned_heads._lesson(given, pd.Series(dtype="str"), 0.25, {"category": labels})
    assert np.allclose(lesson.targets["category"].sum(axis=1), 1)
    assert set(np.unique(lesson.targets["category"])) <= {0, 0.25, 0.75, 1}


def test_two_classes_share_a_row_of_coefficients() -> None:
    matrix, bias = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([0.5, 0.1])
    x = np.array([[0.3, 0.7], [-1.0, 2.0]])
    logits = x @ matrix.T + bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert softmax_head(matrix, bias).predict_proba(x) == pytest.approx(expected)
