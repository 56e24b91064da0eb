import asyncio
import json
import logging

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
from test_meters import made, read

from ticket_triage.serving import meters
from ticket_triage.serving.logs import REQUESTS, Lines
from ticket_triage.serving.meters import Meters
from ticket_triage.serving.telemetry import Telemetry
from ticket_triage.serving.watch import Watch


@pytest.fixture
def telemetry(monkeypatch):
    monkeypatch.delenv(meters.FOLDER, raising=False)
    return Telemetry(Meters())


@pytest.fixture
def lines(monkeypatch):
    """The lines of the log that requests leave."""
    written: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(Lines("json").format(record))

    logger = logging.getLogger(REQUESTS)
    monkeypatch.setattr(logger, "handlers", [Kept()])
    monkeypatch.setattr(logger, "level", logging.INFO)
    monkeypatch.setattr(logger, "disabled", False)
    return lambda: [json.loads(line) for line in written]


def call(telemetry: Telemetry, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async def predict(_: Request) -> PlainTextResponse:
        await asyncio.to_thread(telemetry.decided, made())  # as explain=full is
        telemetry.decided(made(shadow=True))
        return PlainTextResponse(telemetry.request_id)

    async def batch(_: Request) -> PlainTextResponse:
        telemetry.decided(made())
        telemetry.decided(made())
        return PlainTextResponse("")

    async def full(_: Request) -> JSONResponse:
        return JSONResponse({}, 503, {"Retry-After": "1"})

    async def slow(_: Request) -> None:
        raise asyncio.CancelledError

    async def broken(_: Request) -> None:
        raise ValueError("my card number")

    handlers = {"/predict": predict, "/batch": batch, "/full": full, "/slow": slow, "/broken": broken}
    known = [Route(path, handler) for path, handler in handlers.items()]
    app = Starlette(routes=[*known, Route("/predictions/{id}", predict), Route("/livez", predict)])
    watch = Watch(app, lambda: telemetry, [*handlers, "/predictions/{id}", "/livez"])

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(watch, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, headers=headers)

    return anyio.run(go)


def test_a_request_leaves_a_line_with_its_decision(telemetry, lines):
    answer = call(telemetry, "/predict", **{"X-Request-ID": "order-17"})
    (line,) = lines()
    assert answer.text == answer.headers["x-request-id"] == line["request_id"] == "order-17"
    expected = {
        "level": "info",
        "method": "GET",
        "route": "/predict",
        "status": 200,
        "prediction_id": "1",
        "version": "3",
        "variant": "champion",
        "decision": "review",
        "predict_ms": 7.5,
        "cached": False,
        "degraded": False,
    }
    assert expected.items() <= line.items()
    assert line["ms"] > 0


@pytest.mark.parametrize("given", ["", "a b", "a\tb", "x" * 129, "4111111111111111", "<script>", "ä"])
def test_what_cannot_be_an_id_or_is_personal_is_not_taken_as_one(telemetry, lines, given):
    answer = call(telemetry, "/predict", **{"X-Request-ID": given.encode("latin-1")})
    made_up = answer.headers["x-request-id"]
    assert len(made_up) == 32 and lines()[0]["request_id"] == made_up


def test_several_tickets_are_a_number(telemetry, lines):
    call(telemetry, "/batch")
    assert lines()[0]["tickets"] == 2 and "decision" not in lines()[0]


def test_probes_leave_no_line(telemetry, lines):
    call(telemetry, "/livez")
    assert lines() == []


def test_failures_are_lines_and_figures_and_say_no_word(telemetry, lines):
    for path in ("/full", "/slow", "/broken", "/nowhere", "/else"):
        try:
            call(telemetry, path)
        except asyncio.CancelledError:
            assert path == "/slow"
    assert [(line["route"], line["status"], line["level"]) for line in lines()] == [
        ("/full", 503, "warning"),
        ("/slow", 503, "warning"),
        ("/broken", 500, "error"),
        ("other", 404, "info"),
        ("other", 404, "info"),
    ]
    assert "card" not in json.dumps(lines())
    figures = read(telemetry.meters.text()[0])
    assert figures["ticket_triage_shed_requests_total{route=/full}"] == 1
    assert figures["ticket_triage_requests_total{method=GET,route=other,status=404}"] == 2
    assert figures["ticket_triage_requests_in_progress{}"] == 0


def test_paths_and_methods_make_no_series_of_their_own(telemetry, lines):
    for number in range(20):
        call(telemetry, f"/predictions/{number}")
        call(telemetry, f"/{number}", method=f"M{number}")
    counts = [name for name in read(telemetry.meters.text()[0]) if "requests_total" in name]
    assert sorted(counts) == [
        "ticket_triage_requests_total{method=GET,route=/predictions/{id},status=200}",
        "ticket_triage_requests_total{method=other,route=other,status=404}",
    ]
