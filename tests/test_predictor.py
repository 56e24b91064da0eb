import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from ticket_triage.files import TriageError, write_json
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.schema import ModelRef, Ticket
from ticket_triage.serving import openapi
from ticket_triage.serving.predictor import REASONS, Predictor, read_ref

TEXTS = [
    "I was charged twice for my order #4411",
    "the internet is down again since this morning!!",
    "¿Dónde está mi paquete?",
    "😀",
    "<b>hello</b> my e-mail is someone@example.com",
]


@pytest.fixture(scope="module")
def predictor(model_folder: Path) -> Predictor:
    return Predictor(TriageModel.load(model_folder), ModelRef(name="ticket-triage", version="3"))


def test_an_answer_says_all_that_applications_depend_on(predictor):
    prediction = predictor.predict(Ticket(text=TEXTS[0]))
    assert re.fullmatch(r"[0-9a-f]{32}", prediction.prediction_id)
    assert prediction.model == ModelRef(name="ticket-triage", version="3")
    assert prediction.category.label in predictor.model.classes["category"]
    assert prediction.priority.label in predictor.model.classes["priority"]
    assert 0 < prediction.category.confidence <= 1
    assert prediction.department and prediction.team
    assert prediction.decision in ("auto", "review")
    assert {reason.task for reason in prediction.reasons} == {"category", "priority"}
    assert len(prediction.reasons) <= 2 * REASONS
    jsonschema.validate(json.loads(prediction.model_dump_json()), openapi.prediction_schema())


def test_an_answer_without_a_member_says_so(predictor):
    whole = predictor.predict(Ticket(text=TEXTS[0]))
    gone = {name: None for name in predictor.model.estimators if "lightgbm" in name}
    broken = replace(predictor.model, estimators={**predictor.model.estimators, **gone})
    partial = Predictor(broken, predictor.ref).predict(Ticket(text=TEXTS[0]))
    assert partial.degraded and partial.decision == "review"
    assert not whole.degraded and partial.category.label == whole.category.label


def test_one_by_one_is_the_same_as_together(predictor):
    together = predictor.model.predict(pd.DataFrame({"text": TEXTS}))
    for text, (_, row) in zip(TEXTS, together.iterrows(), strict=True):
        alone = predictor.predict(Ticket(text=text))
        assert alone.category.label == row["category"]
        assert alone.priority.confidence == pytest.approx(row["priority_confidence"], abs=1e-6)
        assert alone.decision == row["decision"]
        assert list(alone.review_reasons) == row["review_reasons"]


def test_the_same_ticket_has_the_same_answer_under_another_id(predictor):
    first, second = (predictor.predict(Ticket(text=TEXTS[1])) for _ in range(2))
    assert first.prediction_id != second.prediction_id
    own = {"prediction_id": "", "latency_ms": None}
    assert first.model_copy(update=own) == second.model_copy(update=own)


def test_every_field_of_a_ticket_is_taken(predictor):
    predictor.predict(
        Ticket(
            text="hello",
            subject="my order",
            created_at="0001-01-01T00:00:00Z",
            received_at="9999-12-31T00:00:00Z",
            channel="email",
            customer="c1",
            tier="gold",
            earlier_tickets=1_000_000,
        )
    )


def test_a_task_that_the_model_lacks_is_null(predictor):
    heads = {"category": predictor.model.heads["category"]}
    prediction = Predictor(replace(predictor.model, heads=heads), predictor.ref).predict(
        Ticket(text=TEXTS[0])
    )
    assert prediction.priority is None
    assert json.loads(prediction.model_dump_json())["priority"] is None
    assert prediction.category is not None


def test_canaries_prove_the_model_and_say_what_differs(predictor):
    assert predictor.check() == []
    canary = predictor.model.canaries[0]
    wrong = {**canary, "expected": {"category": ["no_such_label", 0.5]}}
    faults = Predictor(replace(predictor.model, canaries=(wrong,)), predictor.ref).check()
    assert len(faults) == 1 and "no_such_label" in faults[0]
    assert Predictor(replace(predictor.model, canaries=()), predictor.ref).check() != []


def test_a_model_that_can_label_but_not_answer_in_full_does_not_prove_itself(predictor):
    model = replace(predictor.model)
    for columns in model.single.columns.values():
        columns.keys.clear()  # what reasons are named by
    with pytest.raises(IndexError):
        Predictor(model, predictor.ref).check()


def test_the_version_is_the_one_registered_else_the_content(tmp_path):
    folder = tmp_path / "candidate"
    write_json(folder / "model.json", {"a": 1})
    first = read_ref(folder)
    assert first.name == "candidate" and first.version.startswith("unregistered-")
    write_json(folder / "model.json", {"a": 2})
    assert read_ref(folder).version != first.version
    write_json(folder / "ref.json", {"name": "ticket-triage", "version": "12"})
    assert read_ref(folder) == ModelRef(name="ticket-triage", version="12")


def test_a_model_that_is_not_there_is_said_in_a_sentence(tmp_path):
    with pytest.raises(TriageError, match="nowhere"):
        Predictor.load(tmp_path / "nowhere")
