import asyncio
import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from servers import Callers, Service

from ticket_triage.schema import ModelRef
from ticket_triage.serving.drain import QUIET, Drain, Leaving
from ticket_triage.serving.package import package

ROOT = Path(__file__).parents[1]


def headers(drain: Drain) -> list[tuple[bytes, bytes]]:
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})

    async def send(message):
        sent.append(message)

    asyncio.run(Leaving(app, drain)({"type": "http"}, None, send))
    return sent[0]["headers"]


def leave(drain: Drain, asking: float) -> float:
    """Seconds from the signal to the end, where requests come for the first `asking` seconds."""
    ended = []

    async def main() -> float:
        drain.take(signal.SIGUSR1)
        began = time.monotonic()
        os.kill(os.getpid(), signal.SIGUSR1)
        while not ended and time.monotonic() - began < 20:
            if time.monotonic() - began < asking:
                drain.asked = time.monotonic()
            await asyncio.sleep(0.02)
        return ended[0] - began

    before = signal.signal(signal.SIGUSR1, lambda *_: ended.append(time.monotonic()))
    try:
        return asyncio.run(main())
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_connections_end_with_the_answer_from_the_signal_on():
    drain = Drain(1)
    assert headers(drain) == [(b"a", b"b")]
    leave(drain, asking=0)
    assert drain.leaving and headers(drain) == [(b"a", b"b"), (b"connection", b"close")]


def test_a_server_ends_when_nobody_asks_any_more_or_at_the_latest():
    assert 2 * QUIET <= leave(Drain(30), asking=0) < 5
    assert leave(Drain(30), asking=0.5) >= 0.5 + QUIET
    assert 0.6 + QUIET <= leave(Drain(0.6), asking=0.8) < 10


@pytest.mark.slow
def test_no_request_is_lost_when_workers_are_made_anew_and_when_all_end(model_folder, tmp_path):
    tag = package(model_folder, ModelRef(name="tickets", version="3"), tmp_path / "home", {}, root=ROOT)
    environment = {"TICKET_TRIAGE_DRAIN": "1"}
    service = Service(tmp_path / "home", tag, tmp_path, **environment)
    with service, Callers(service.url, 4, again=False) as callers:
        time.sleep(0.5)
        old = service.workers()
        service.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 60
        while set(old) & set(service.workers()) or not service.workers():
            assert time.monotonic() < end, service.log.read_text()
            time.sleep(0.1)
        made_anew = time.monotonic()
        while not any(at > made_anew for at in list(callers.answers.values())):
            assert time.monotonic() < end, service.log.read_text()
            time.sleep(0.1)
        assert not callers.refused and not callers.broken and not callers.lost
        service.process.terminate()
        time.sleep(0.5)  # until a balancer has seen it
        callers.stop()
        service.process.wait(30)
    assert not callers.refused and not callers.broken and not callers.lost
    kept = sqlite3.connect(tmp_path / "state/decisions.db").execute("SELECT prediction_id FROM decisions")
    assert {row[0] for row in kept} == set(callers.answers)
