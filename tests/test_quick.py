import asyncio
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from ticket_triage.feedback.records import parse
from ticket_triage.files import TriageError
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.schema import ModelRef, Prediction
from ticket_triage.serving import logs
from ticket_triage.serving.engine import Engine
from ticket_triage.serving.gate import Gate
from ticket_triage.serving.predictor import Predictor
from ticket_triage.serving.quick import Quick
from ticket_triage.serving.rollout.turns import Fixed

TICKET = b'{"text": "my parcel is late"}'


@pytest.fixture(scope="module")
def predictor(model_folder: Path) -> Predictor:
    return Predictor(TriageModel.load(model_folder), ModelRef(name="tickets", version="3"))


def ask(engine, body=TICKET, path="/predict-ticket", method="POST", query=b""):
    """Status and body, or what BentoML was given."""
    sent, passed = [], []

    async def behind(scope, receive, send):
        passed.append((await receive())["body"])

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": []}
    asyncio.run(Quick(behind, lambda: SimpleNamespace(engine=engine), Gate(1, 1))(scope, receive, send))
    return passed[0] if passed else (sent[0]["status"], sent[1]["body"])


@pytest.mark.parametrize("path", ["/predict-ticket", "/predict"])
def test_a_ticket_is_answered_and_recorded(predictor, path):
    kept: list[bytes] = []
    status, body = ask(Engine(Fixed(predictor), kept.append), path=path)
    answer = Prediction.model_validate_json(body)
    assert status == 200 and [answer.prediction_id] == [parse(one).prediction_id for one in kept]


@pytest.mark.parametrize(
    "given",
    [
        {"body": b""},
        {"body": b'{"text": ""}'},
        {"body": b'{"text": "\xff"}'},
        {"body": b"[" * 10_000},
        {"query": b"explain=full"},
        {"path": "/predict/batch"},
        {"method": "GET"},
    ],
)
def test_anything_else_goes_on_to_bentoml_whole(predictor, given):
    assert ask(Engine(Fixed(predictor), lambda one: None), **given) == given.get("body", TICKET)


def test_what_is_not_ready_goes_on_to_bentoml():
    assert ask(None) == TICKET


@pytest.mark.parametrize(("fault", "status"), [(TriageError("the disk is full"), 503), (OSError("x"), 500)])
def test_a_failure_says_nothing_of_the_ticket(predictor, fault, status, caplog):
    logs.guard()

    def full(line: bytes) -> None:
        raise type(fault)(f"{fault}: {TICKET!r}")

    found, body = ask(Engine(Fixed(predictor), full))
    assert found == status and set(json.loads(body)) == {"error"} and b"parcel" not in body
    assert type(fault).__name__ in caplog.text and "my parcel" not in caplog.text
