import json
from pathlib import Path

import pytest

from ticket_triage.feedback.records import parse
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.schema import ModelRef, Prediction, Ticket
from ticket_triage.serving.cache import Recent
from ticket_triage.serving.engine import Engine
from ticket_triage.serving.predictor import Predictor
from ticket_triage.serving.rollout.turns import Fixed

TICKET = Ticket(text="my parcel is late, write to someone@example.com", customer="c1", urgency="high")


@pytest.fixture(scope="module")
def predictor(model_folder: Path) -> Predictor:
    return Predictor(TriageModel.load(model_folder), ModelRef(name="tickets", version="3"))


def engine(predictor: Predictor, kept: list[bytes]) -> Engine:
    return Engine(Fixed(predictor), kept.append, Recent(2), pseudonym=lambda customer: f"hash of {customer}")


def test_a_decision_is_recorded_as_it_is_answered(predictor):
    kept: list[bytes] = []
    said = engine(predictor, kept).predict(TICKET, caller="shop", request_id="r1")
    answer, (decision,) = Prediction.model_validate_json(said), map(parse, kept)
    assert decision.prediction_id == answer.prediction_id and decision.model == answer.model
    assert (decision.caller, decision.request_id, decision.customer) == ("shop", "r1", "hash of c1")
    assert "example.com" not in decision.model_dump_json() and "<email>" in decision.ticket["text"]
    assert json.loads(said) == answer.model_dump(mode="json")
    assert json.loads(said) == {
        "prediction_id": decision.prediction_id,
        "model": {"name": "tickets", "version": "3"},
        **json.loads(json.dumps(decision.answer)),
        "latency_ms": decision.latency_ms,
    }
    assert predictor.answer(decision.ticket) == decision.answer


def test_what_was_answered_before_is_answered_from_memory(predictor):
    kept: list[bytes] = []
    one = engine(predictor, kept)
    for text in ("a parcel", "a parcel", "a parcel, again"):
        one.predict(Ticket(text=text))
    one.predict(Ticket(text="a parcel"), explain="full")
    made = list(map(parse, kept))
    assert [decision.cached for decision in made] == [False, True, False, False]
    assert made[0].answer == made[1].answer and len({decision.prediction_id for decision in made}) == 4


def test_who_asks_meanwhile_is_answered_from_what_was_just_said(predictor):
    kept: list[bytes] = []
    one = engine(predictor, kept)
    both = [one.ask(Ticket(text="a parcel")) for _ in range(2)]
    assert [asked.known for asked in both] == [None, None]
    for asked in both:
        one.answer(asked)
    assert [parse(line).cached for line in kept] == [False, True]
    assert one.ask(Ticket(text="a parcel")).known is not None


def test_no_decision_leaves_unrecorded(predictor):
    def full(line: bytes) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        Engine(Fixed(predictor), full).predict(TICKET)


def test_what_is_said_to_be_urgent_is_escalated_and_not_low(predictor):
    texts = ["thank you", "no hurry at all, just a question", "how do I change my address"]
    urgent = [predictor.predict(Ticket(text=text, urgency="critical")) for text in texts]
    assert all("said to be urgent" in one.escalation for one in urgent)
    assert "low" not in {one.priority.label for one in urgent}
    assert predictor.predict(Ticket(text="hola", language="pt-BR")).language == "pt"


@pytest.mark.parametrize(
    "given", [{"ticket": "a late parcel"}, {"description": "a late parcel"}, {"text": "a late parcel"}]
)
def test_a_text_may_have_any_of_its_names(given):
    assert Ticket.model_validate(given).text == "a late parcel"
