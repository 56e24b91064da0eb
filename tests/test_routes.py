import asyncio
import json
import threading
import time
from types import SimpleNamespace

import httpx
import pytest
from starlette.testclient import TestClient

from ticket_triage.models.triage_model import TriageModel
from ticket_triage.schema import ModelRef
from ticket_triage.serving import routes
from ticket_triage.serving.engine import Engine
from ticket_triage.serving.limits import Bucket
from ticket_triage.serving.predictor import Predictor
from ticket_triage.serving.refusals import FAILED
from ticket_triage.serving.rollout.turns import Fixed


async def chunks(*parts: bytes):
    for part in parts:
        yield part


def lines(*parts: bytes) -> list[bytes | None]:
    async def all_of_them() -> list[bytes | None]:
        return [line async for line in routes._lines(chunks(*parts))]

    return asyncio.run(all_of_them())


def test_lines_come_whole_however_they_were_cut():
    body = b"".join(json.dumps({"text": "x" * n}).encode() + b"\n" for n in range(50)) + b"\n\nlast"
    whole = [line for line in body.split(b"\n") if line]
    for size in (1, 7, 4096):
        assert lines(*(body[at : at + size] for at in range(0, len(body), size))) == whole


@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_line_that_is_too_long_is_none_and_the_next_is_read(end):
    long = b"x" * (routes.LINE + 1)
    assert lines(b"a\n", long[:100], long[100:], b"yyy\nb" + end) == [b"a", None, b"b"]
    assert lines(long) == [None]


class Failing(Fixed):
    """Answers all but one ticket."""

    def __init__(self, predictor):
        super().__init__(predictor)
        self.asked = 0

    def turn(self, customer, prediction_id):
        self.asked += 1
        if self.asked == 2:
            raise RuntimeError("planted")
        return super().turn(customer, prediction_id)


@pytest.fixture
def service(model_folder):
    predictor = Predictor(TriageModel.load(model_folder), ModelRef(name="tickets", version="3"))
    return SimpleNamespace(engine=Engine(Failing(predictor), lambda decision: None), log=None)


@pytest.mark.parametrize("path", ["/predict/batch", "/predict/stream"])
def test_a_ticket_that_cannot_be_answered_takes_no_other_along(service, path):
    tickets = [{"text": f"my parcel {number} is late"} for number in range(3)]
    client = TestClient(routes.make(lambda: service, 10))
    if path.endswith("batch"):
        results = client.post(path, json={"tickets": tickets}).json()["results"]
    else:
        answer = client.post(path, content="\n".join(map(json.dumps, tickets)))
        results = [json.loads(line) for line in answer.text.splitlines()]
    assert ["prediction_id" in one for one in results] == [True, False, True]
    assert results[1] == {"error": FAILED}


def test_a_database_that_hangs_holds_up_no_figures(service):
    over = threading.Event()
    service.log = SimpleNamespace(told=lambda _: over.wait(20) and None)
    service.meters = SimpleNamespace(text=lambda: (b"figures", "text/plain"))
    transport = httpx.ASGITransport(routes.make(lambda: service, 10))

    async def go() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            reads = [asyncio.create_task(http.get(f"/predictions/{number:032x}")) for number in range(100)]
            await asyncio.sleep(0.1)
            found = await asyncio.wait_for(http.get("/metrics"), 5)
            assert found.text == "figures" and not any(one.done() for one in reads)
            over.set()
            assert {one.status_code for one in await asyncio.gather(*reads)} == {404}

    asyncio.run(go())


class Paid:
    """Lets a request in at a rate, as `Access` does."""

    def __init__(self, app, rate):
        self.app, self.bucket = app, Bucket(rate)

    async def __call__(self, scope, receive, send):
        assert self.bucket.take() == 0
        await self.app({**scope, "state": {"bucket": self.bucket}}, receive, send)


def test_a_batch_costs_its_tickets_and_another_beside_it_is_told_when_to_come_again(service):
    tickets = [{"text": f"my parcel {number} is late"} for number in range(9)]
    app = Paid(routes.make(lambda: service, 10), 1)
    client = TestClient(app)
    assert len(client.post("/predict/batch", json={"tickets": tickets}).json()["results"]) == 9
    assert 7 < app.bucket.take() <= 8, "two of nine were there"
    app.bucket.take = lambda: 0  # let in before the first was read
    refused = client.post("/predict/batch", json={"tickets": tickets[:2]})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    assert service.engine.rollout.asked == 9


def test_a_stream_is_answered_at_the_rate_of_its_key(service):
    lines = "\n".join(json.dumps({"text": f"my parcel {number} is late"}) for number in range(32))
    app = Paid(routes.make(lambda: service, 10), 10)
    began = time.monotonic()
    answer = TestClient(app).post("/predict/stream", content=lines)
    assert len(answer.text.splitlines()) == 32
    assert time.monotonic() - began > 1.15, "20 at once, 12 at 10 a second"


def test_a_batch_ends_when_nobody_waits_for_it(service):
    body = json.dumps({"tickets": [{"text": "a late parcel"}] * 10}).encode()

    async def go() -> None:
        pending = [{"type": "http.disconnect"}, {"type": "http.request", "body": body}]

        async def receive() -> dict:
            return pending.pop() if len(pending) > 1 else pending[0]

        async def send(_: dict) -> None:
            pass

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/predict/batch",
            "headers": [],
            "query_string": b"",
        }
        await routes.make(lambda: service, 10)(scope, receive, send)

    asyncio.run(go())
    assert service.engine.rollout.asked == 0
