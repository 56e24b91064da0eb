"""From members to a model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_model

from ticket_triage import params, taxonomy
from ticket_triage.files import TriageError
from ticket_triage.models import assembly, shelf
from ticket_triage.models.triage_model import TriageModel

SETTINGS = params.read(Path(__file__).parent.parent / "params.yaml").assemble


def test_the_threshold_is_the_lowest_that_keeps_the_promise() -> None:
    confidence = np.linspace(1, 0, 1000, endpoint=False)
    right = np.arange(1000) % 1000 < 600  # the 600 surest are right
    found = assembly.threshold(confidence, right, SETTINGS)
    kept = confidence >= found.value
    assert right[kept].mean() >= SETTINGS.promised_precision
    lower = confidence >= found.value - 0.01
    assert right[lower].mean() < SETTINGS.promised_precision


def test_too_little_gold_falls_back_and_says_so() -> None:
    found = assembly.threshold(np.ones(20), np.ones(20, dtype=bool), SETTINGS)
    assert found.value == SETTINGS.fallback_threshold
    assert "20 gold tickets" in found.why


def test_a_promise_that_cannot_be_kept_routes_nothing() -> None:
    found = assembly.threshold(np.linspace(0, 1, 500), np.arange(500) % 2 == 0, SETTINGS)
    assert found.value > 1.0
    assert "no confidence" in found.why


def test_equal_confidences_are_routed_together_or_not_at_all() -> None:
    confidence = np.r_[np.full(40, 0.83456), np.full(160, 0.5)]
    right = np.r_[np.ones(40, dtype=bool), np.arange(160) < 10]
    found = assembly.threshold(confidence, right, SETTINGS)
    assert right[confidence >= found.value].mean() >= SETTINGS.promised_precision
    assert found.value == 0.83456


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
