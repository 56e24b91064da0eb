"""The one servable object."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_model
import small_taxonomy

from ticket_triage import features
from ticket_triage.files import TriageError, sha256
from ticket_triage.models import shelf
from ticket_triage.models.batch import Batch
from ticket_triage.models.calibration import Threshold
from ticket_triage.models.fallback import Fallback
from ticket_triage.models.loading import Served
from ticket_triage.models.triage_model import TriageModel

TICKETS = pd.DataFrame(
    {"text": ["charged twice on my card, refund the invoice", "internet down, router offline", ""]}
)


def test_it_has_learnt(model: TriageModel) -> None:
    fresh = small_model.tickets(300, seed=77)
    answer = model.predict(fresh)
    assert (answer["category"].to_numpy() == fresh["gold_category"].to_numpy()).mean() > 0.6
    assert (answer["priority"].to_numpy() == fresh["gold_priority"].to_numpy()).mean() > 0.6


def test_a_ticket_gets_label_confidence_route_and_decision(model: TriageModel) -> None:
    answer = model.predict(TICKETS, reasons=3)
    first = answer.iloc[0]
    assert first["category"] == "billing"
    assert 0 < first["category_confidence"] <= 1
    assert (first["department"], first["team"]) == ("General", "support")
    assert first["decision"] in {"auto", "review"}
    texts = [reason for reason in first["reasons"] if reason["task"] == "category"]
    assert 1 <= len(texts) <= 3
    assert any(reason["feature"] in {"charged", "twice", "refund", "invoice", "card"} for reason in texts)


def test_the_decision_follows_the_thresholds(model: TriageModel) -> None:
    rows = small_model.tickets(200, seed=8)
    middle = Threshold(value=float(model.predict(rows)["category_confidence"].median()), why="for this test")
    heads = {task: head.model_copy(update={"threshold": middle}) for task, head in model.heads.items()}
    model = replace(model, heads=heads)
    answer = model.predict(rows)
    sure = np.ones(len(answer), dtype=bool)
    for task, limit in model.thresholds.items():
        sure &= answer[f"{task}_confidence"].to_numpy() >= limit
    assert ((answer["decision"] == "auto").to_numpy() == sure).all()
    assert all(bool(why) == (not ok) for why, ok in zip(answer["review_reasons"], sure, strict=True))
    assert 0 < sure.sum() < len(sure)


def test_batch_and_single_agree_and_the_frame_is_left_alone(model: TriageModel) -> None:
    rows = small_model.tickets(20, seed=9)
    before = rows.copy(deep=True)
    together = model.predict(rows)
    alone = pd.concat([model.predict(rows.iloc[[n]]) for n in range(len(rows))])
    pd.testing.assert_frame_equal(together, alone)
    pd.testing.assert_frame_equal(rows, before)
    assert model.predict(rows.head(0)).empty and model.predict(rows.head(0), reasons=2).empty


def test_shared_blocks_give_what_each_members_own_pipeline_gives(
    members: dict[tuple[str, str], Path], model: TriageModel
) -> None:
    batch = Batch(model, TICKETS)
    for head_task, head in model.heads.items():
        for voter in head.voters:
            alone = shelf.load(members[head_task, voter.family]).predict_proba(batch.table)
            shared = model.estimators[voter.estimator].predict_proba(batch.matrix(voter.specs))
            assert np.array_equal(alone.to_numpy(), shared)


def test_saved_and_loaded_it_predicts_the_same_and_its_bytes_are_stable(
    model_folder: Path, tmp_path: Path
) -> None:
    first = TriageModel.load(model_folder)
    first.save(tmp_path / "again", model_folder, first.reference)
    assert sha256(tmp_path / "again") == sha256(model_folder)
    second = TriageModel.load(tmp_path / "again")
    pd.testing.assert_frame_equal(first.predict(TICKETS, reasons=2), second.predict(TICKETS, reasons=2))


def test_canaries_pass_and_a_changed_answer_is_said(model: TriageModel) -> None:
    assert model.canaries
    assert model.check() == []
    wrong = json.loads(json.dumps(model.canaries))
    wrong[0]["expected"]["category"] = ["nonsense", 0.5]
    assert "nonsense" in replace(model, canaries=tuple(wrong)).check()[0]


@pytest.mark.parametrize("name", ["model.json", "taxonomy.yaml", "steps", "members"])
def test_a_changed_or_missing_file_is_refused_by_name(model_folder: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(model_folder, copy)
    path = copy / name
    path = sorted(path.iterdir())[0] if path.is_dir() else path
    with path.open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(TriageError, match=f"{path.name} has another hash"):
        TriageModel.load(copy)
    path.unlink()
    with pytest.raises(TriageError, match=f"{path.name} is missing"):
        TriageModel.load(copy)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(TriageError, match="does not exist"):
        TriageModel.load(tmp_path / "none")


def test_importance_names_features_and_sums_to_one(model: TriageModel) -> None:
    found = model.importance("category")
    assert found["weight"].sum() == pytest.approx(1)
    assert found["weight"].is_monotonic_decreasing
    words = set(" ".join(small_model.WORDS.values()).split())
    assert words & set(found["feature"].head(15))


def test_what_drift_sees_holds_no_text(model: TriageModel) -> None:
    seen = model.observe(TICKETS)
    assert features.TEXT not in seen
    assert {"category", "category_confidence", "priority", "language"} <= set(seen)
    assert list(model.reference.columns) == list(seen.columns)


def test_personal_data_never_reaches_the_vote(model: TriageModel) -> None:
    masked, other = (
        model.predict(pd.DataFrame({"text": [f"refund my card, write to {mail}"]}))
        for mail in ("ann@example.org", "bob.smith@example.com")
    )
    pd.testing.assert_frame_equal(masked, other)


def test_mlflow_opens_models_and_members(model_folder: Path, members: dict[tuple[str, str], Path]) -> None:
    full = Served(model_folder).predict(TICKETS)
    assert full["category"].iloc[0] == "billing"
    assert (
        json.loads(full["review_reasons"].iloc[0])
        == TriageModel.load(model_folder).predict(TICKETS)["review_reasons"].iloc[0]
    )
    table = features.build(TICKETS)
    part = Served(members["category", "naive_bayes"]).predict(table)
    assert np.allclose(part.sum(axis=1), 1)


class Broken:
    def predict_proba(self, matrix: object) -> np.ndarray:
        raise OSError("gone")


def test_where_a_member_breaks_the_others_answer_and_a_person_decides(model: TriageModel) -> None:
    gone = {name: Broken() for name in model.estimators if "naive_bayes" in name}
    answer = replace(model, estimators={**model.estimators, **gone}).predict(TICKETS, reasons=3)
    assert answer["category"].iloc[0] == "billing"
    assert answer["degraded"].all() and (answer["decision"] == "review").all()
    assert all("a part of the model could not answer" in why for why in answer["review_reasons"])
    assert answer["reasons"].iloc[0]
    assert not model.predict(TICKETS)["degraded"].any()


def test_where_all_members_break_the_rules_answer(model: TriageModel) -> None:
    gone = {name: Broken() for name in model.estimators}
    with pytest.raises(TriageError, match="has no rules"):
        replace(model, estimators=gone).predict(TICKETS)
    weights = {"keywords": 1.0, "patterns": 1.0, "alarms": 1.0, "question": 0.5, "neighbours": 1.0}
    heads = {
        task: head.model_copy(update={"fallback": Fallback(classes=head.classes, weights=weights)})
        for task, head in model.heads.items()
    }
    ruled = replace(model, estimators=gone, heads=heads, taxonomy=small_taxonomy.of_words())
    answer = ruled.predict(TICKETS, reasons=3)
    assert answer["category"].tolist()[:2] == ["billing", "outage"]
    assert answer["priority"].tolist()[:2] == ["medium", "medium"]
    assert answer["degraded"].all() and (answer["decision"] == "review").all()
