import time
from pathlib import Path

import pytest
from decision_records import decision
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ticket_triage.feedback.decisions import DecisionLog
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.schema import ModelRef, Prediction, Ticket
from ticket_triage.serving import logged
from ticket_triage.serving.engine import Engine
from ticket_triage.serving.predictor import Predictor
from ticket_triage.serving.rollout.turns import Fixed

TICKET = Ticket(
    text="my parcel is late, write to someone@example.com",
    customer="c1",
    created_at="2026-03-02T09:15:00Z",
    received_at="2026-03-02T12:15:00+02:00",
)


class Counted(Fixed):
    def __init__(self, predictor):
        super().__init__(predictor)
        self.overridden = []

    def corrected(self, decision):
        self.overridden.append(decision.prediction_id)


class Service:
    """A log, an engine and a client of the routes around them."""

    def __init__(self, folder, predictor, url=None):
        self.log = DecisionLog(folder, url, timeout=1)
        self.engine = Engine(Counted(predictor), self.log.append_line)
        self.log.tell(self.engine.rollout.corrected)
        self.client = TestClient(Starlette(routes=logged.routes(lambda: self)))

    def predict(self, *given, **more) -> Prediction:
        return Prediction.model_validate_json(self.engine.predict(*given, **more))

    def until(self, condition):
        end = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.02)

    def correct(self, prediction_id, **said):
        return self.client.post("/feedback", json={"prediction_id": prediction_id, **said})


@pytest.fixture(scope="module")
def predictor(model_folder: Path) -> Predictor:
    return Predictor(TriageModel.load(model_folder), ModelRef(name="tickets", version="3"))


@pytest.fixture
def service(predictor, tmp_path):
    one = Service(tmp_path, predictor)
    yield one
    one.log.close()


@pytest.fixture
def without_database(predictor, tmp_path):
    one = Service(tmp_path, predictor, "postgresql://nobody@127.0.0.1:1/none")
    while one.log.state()["breaker"] == "closed":
        one.log.append(decision())
        time.sleep(0.05)
    yield one
    one.log.close()


def test_a_prediction_is_read_as_it_was_answered(service):
    answer = service.predict(TICKET, request_id="r1").model_dump(mode="json")
    found = service.client.get(f"/predictions/{answer['prediction_id']}")
    assert found.status_code == 200
    body = found.json()
    assert body["prediction"] == answer
    assert body["ticket"]["text"].endswith("<email>") and "customer" not in body["ticket"]
    assert (body["variant"], body["request_id"], body["corrections"]) == ("champion", "r1", [])


def test_a_correction_is_kept_with_its_prediction_and_an_override_counted_once(service, predictor):
    answer = service.predict(TICKET)
    one = answer.prediction_id
    agreed = service.correct(one, category=answer.category.label, by="ann")
    long = service.correct(one, category=answer.category.label, by="a@b.co," * 28, note="a@b.co " * 285)
    assert long.status_code == 201 and len(long.json()["note"]) > 2_000, (
        "a token is longer than some addresses"
    )
    assert agreed.status_code == 201
    other = next(label for label in predictor.model.taxonomy.labels if label != answer.category.label)
    for _ in range(2):
        said = service.correct(one, category=other, priority="high", note="ask x@example.com\x00")
        assert said.status_code == 201, said.text
    service.until(lambda: service.log.state()["waiting"] == 0)
    assert service.engine.rollout.overridden == [one]
    corrections = service.client.get(f"/predictions/{one}").json()["corrections"]
    assert [(row["category"], row["by"]) for row in corrections] == [
        (answer.category.label, "ann"),
        (answer.category.label, long.json()["by"]),
        (other, None),
        (other, None),
    ]
    assert corrections[2]["note"] == "ask <email>"


def test_a_correction_that_cannot_be_one_is_refused_in_a_sentence(service):
    one = service.predict(TICKET).prediction_id
    unknown = service.correct("0" * 32, priority="high")
    label, priority = service.correct(one, category="no such"), service.correct(one, priority="urgent")
    nothing, shape = service.correct(one), service.correct("../../etc", priority="high")
    text = service.client.post("/feedback", content=b"{")
    answers = (unknown, label, priority, nothing, shape, text)
    assert [answer.status_code for answer in answers] == [404, 422, 422, 400, 400, 400]
    assert all(set(answer.json()) == {"error"} for answer in answers)
    assert priority.json()["error"] == "`priority` is one of low, medium, high"
    assert "say a category or a priority" in nothing.json()["error"]


@pytest.mark.parametrize("explain", ["short", "full"])
def test_a_prediction_is_made_again_bit_for_bit(service, explain):
    answer = service.predict(TICKET, explain)
    again = service.client.post(f"/replay/{answer.prediction_id}").json()
    assert again["same"] and again["differs"] == []
    assert again["answer"]["category"] == answer.category.model_dump(mode="json")


def test_another_answer_and_a_version_that_is_gone_are_told(service, predictor):
    answer = service.log.read(service.predict(TICKET).prediction_id)
    changed = decision(ticket=answer.ticket, model=answer.model, answer={**answer.answer, "team": "another"})
    gone = decision(model=ModelRef(name="tickets", version="1"))
    for one in (changed, gone):
        service.log.append(one)
    told = service.client.post(f"/replay/{changed.prediction_id}").json()
    assert (told["same"], told["differs"]) == (False, ["team"])
    lacking = service.client.post(f"/replay/{gone.prediction_id}")
    assert lacking.status_code == 410
    assert lacking.json()["error"] == "version 1 of tickets is not loaded here any more"
    for path in (f"/replay/{'0' * 32}", "/replay/x"):
        assert service.client.post(path).status_code == 404
    assert service.client.get("/predictions/x").status_code == 404


def test_without_its_database_a_correction_is_accepted_unchecked(without_database):
    service = without_database
    accepted = service.correct("0" * 32, priority="high")
    assert accepted.status_code == 202
    assert b'"priority":"high"' in next(service.log.spool.find(b"0" * 32))
    assert service.correct("0" * 32, priority="urgent").status_code == 422
    assert service.client.get(f"/predictions/{'0' * 32}").status_code == 503
    for path in ("/predictions/%00", "/predictions/x", f"/predictions/{'0' * 32}%0A"):
        assert service.client.get(path).status_code == 404, "known to be none without asking"
    answer = service.predict(TICKET)
    assert service.client.post(f"/replay/{answer.prediction_id}").json()["same"]


def test_an_override_that_was_taken_unseen_is_counted_once_its_prediction_is_known(service, predictor):
    one = service.predict(TICKET)
    other = next(label for label in predictor.model.taxonomy.labels if label != one.category.label)
    service.until(lambda: service.log.state()["waiting"] == 0)
    with service.log._preparing:  # a database that does not answer
        service.log._migrated = False
        for category in (one.category.label, other, other):
            assert service.correct(one.prediction_id, category=category).status_code == 202
        assert service.engine.rollout.overridden == []
    service.until(lambda: service.log.state()["waiting"] == 0)
    assert service.engine.rollout.overridden == [one.prediction_id]


def test_without_its_database_a_prediction_that_waits_on_the_disk_is_read_and_corrected(
    without_database, predictor
):
    answer = without_database.predict(TICKET)
    one = answer.prediction_id
    other = next(label for label in predictor.model.taxonomy.labels if label != answer.category.label)
    for _ in range(2):
        assert without_database.correct(one, category=other).status_code == 201
    found = without_database.client.get(f"/predictions/{one}")
    assert found.status_code == 200
    body = found.json()
    assert body["prediction"] == answer.model_dump(mode="json")
    assert [row["category"] for row in body["corrections"]] == [other, other]
    assert body["stored"] is False
