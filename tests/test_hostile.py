"""A real server, asked as nobody should ask it: whatever comes, it answers in one shape and goes on."""

import asyncio
import contextlib
import gzip
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from service import Server, start

from ticket_triage.serving import api_keys

pytestmark = pytest.mark.slow
SECRET = "xyzzy-4411"
QUEUE = 0.2  # seconds


@pytest.fixture(scope="module")
def server(bento_home: Path, bento: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("strict")
    key = api_keys.add(folder / "state/keys.json", "shop", "admin", 100_000)
    settings = {
        "TICKET_TRIAGE_STATE": str(folder / "state"),
        "TICKET_TRIAGE_QUEUE_SECONDS": str(QUEUE),
        "TICKET_TRIAGE_BODY_SECONDS": "1",
        "TICKET_TRIAGE_CACHE_ANSWERS": "0",
    }
    for server in start(bento_home, bento, folder / "server.log", keys=True, **settings):
        server.client.headers["x-api-key"] = key
        yield server


def raw(server: Server, *parts: bytes, pause: float = 0.0) -> tuple[int, dict[str, str]]:
    """Status and JSON of what is answered to bytes as they are."""
    url = server.client.base_url
    with socket.create_connection((url.host, url.port), timeout=10) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has heard enough
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)
        said = b""
        while part := connection.recv(65536):
            said += part
            head, end, body = said.partition(b"\r\n\r\n")
            if end and body.endswith(b"}"):
                break
    return int(head.split()[1]), json.loads(body)


def head(server: Server, *lines: str, method: str = "POST", path: str = "/predict") -> bytes:
    key = server.client.headers["x-api-key"]
    common = (f"{method} {path} HTTP/1.1", "host: a", f"x-api-key: {key}", "content-type: application/json")
    return "\r\n".join((*common, *lines, "", "")).encode()


def test_heads_that_lie_are_refused(server):
    body = json.dumps({"text": SECRET}).encode()
    packed = gzip.compress(body)
    for lines, sent, statuses in (
        (("content-length: -1",), b"", {400}),
        (("content-length: 3", "content-length: 4"), b"", {400}),
        (("content-length: abc",), b"", {400}),
        (("content-length: " + "9" * 19,), b"", {413}),
        (("content-length: 99999999999999999999999999",), b"", {400, 413}),
        (("transfer-encoding: gzip, chunked",), b"0\r\n\r\n", {400}),
        (("transfer-encoding: chunked",), b"zz\r\n", {400}),
        ((f"content-length: {len(body)}", "transfer-encoding: chunked"), b"0\r\n\r\n", {400}),
        ((f"content-length: {len(packed)}", "content-encoding: gzip"), packed, {415}),
    ):
        status, said = raw(server, head(server, *lines), sent)
        assert status in statuses, lines
        assert set(said) == {"error"} and SECRET not in said["error"]


def test_paths_and_queries_are_refused_alike(server):
    for method, path, status in (
        ("GET", "/predictions/%00", 404),
        ("GET", "/predictions/%ff%fe", 404),
        ("GET", "/predictions/" + "a" * 5000, 404),
        ("GET", "/%E2%80%AE", 404),
        ("GET", "/nowhere?" + "a=" * 1000, 404),
        ("POST", "/predict?explain=%ff", 400),
        ("POST", "/predict?explain=short&x=" + SECRET, 400),
        ("DELETE", "/predict", 405),
        ("TRACE", "/livez", 405),
    ):
        sent = b'{"text": "a"}' if method == "POST" else b""
        found, said = raw(
            server, head(server, f"content-length: {len(sent)}", method=method, path=path), sent
        )
        assert found == status, path
        assert set(said) == {"error"} and SECRET not in said["error"] and len(said["error"]) < 500


def test_a_body_in_drops_ends_after_its_time(server):
    started = time.monotonic()
    status, said = raw(server, head(server, "content-length: 1000"), *([b" "] * 20), pause=0.1)
    assert status == 408 and set(said) == {"error"}
    assert time.monotonic() - started < 10


TEXTS = {
    "blank": (" ", 200),
    "emoji": ("😀" * 5000, 200),
    "100,000 emoji": ("😀" * 100_000, 413),
    "right to left": ("\u202etxet \u2066עברית\u2069", 200),
    "as long as may be": ("a" * 20_000, 200),
    "too long": ("a" * 20_001, 400),
    "brackets and quotes": ('[[{{"\\' * 1000, 200),
    "controls": ("a\x0b\x1b[31m\x7f\x85", 200),
    "joined letters": ("e" + "\u0301" * 10_000, 200),
    "NUL": ("a\x00b", 400),
}


@pytest.mark.parametrize(("text", "status"), TEXTS.values(), ids=TEXTS)
def test_texts_are_answered_or_refused(server, text, status):
    for name in ("text", "description", "ticket"):
        response = server.predict({name: text})
        assert response.status_code == status
        assert status == 200 or set(response.json()) == {"error"}


@pytest.mark.parametrize(
    "at",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0000-01-01T00:00:00Z", "1e400", 1e300, -1e15],
)
def test_dates_at_the_end_of_time_are_answered_or_refused(server, at):
    for given in (
        {"created_at": at},
        {"received_at": at},
        {"created_at": at, "received_at": "2026-01-01T00:00:00Z"},
    ):
        response = server.predict({"text": "a", **given})
        assert response.status_code in (200, 400), response.text


def test_a_burst_is_shed_fast_while_probes_are_answered_and_a_second_later_all_is_well(server):
    url, burst = server.client.base_url, 400
    body = json.dumps({"text": f"my parcel is late {SECRET}"}).encode()
    request = head(server, f"content-length: {len(body)}") + body
    probe = b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n"

    async def ask(sent: bytes, go: asyncio.Event) -> tuple[int, float, bytes]:
        reader, writer = await asyncio.open_connection(url.host, url.port)
        await go.wait()
        started = time.monotonic()
        writer.write(sent)
        said = await reader.readuntil(b"\r\n\r\n")
        took = time.monotonic() - started
        writer.close()
        return int(said.split()[1]), took, said.lower()

    async def rush() -> tuple[list[tuple[int, float, bytes]], list[tuple[int, float, bytes]]]:
        go = asyncio.Event()
        tickets = [asyncio.create_task(ask(request, go)) for _ in range(burst)]
        probes = [asyncio.create_task(ask(probe, go)) for _ in range(5)]
        await asyncio.sleep(0.5)
        go.set()
        return await asyncio.gather(*tickets), await asyncio.gather(*probes)

    tickets, probes = asyncio.run(rush())
    statuses = [status for status, _, _ in tickets]
    assert set(statuses) == {200, 503}
    assert all(b"retry-after: 1\r\n" in said for status, _, said in tickets if status == 503)
    assert [status for status, _, _ in probes] == [200] * 5
    # Told in a fraction of the time in which all of them would have been answered.
    answered = [took for status, took, _ in tickets if status == 200]
    whole = max(answered) * burst / len(answered)
    refused = sorted(took for status, took, _ in tickets if status == 503)
    assert refused[len(refused) // 2] < whole / 2
    time.sleep(1)
    assert [server.predict({"text": "a"}).status_code for _ in range(10)] == [200] * 10
    metrics = server.client.get("/metrics").text
    assert "shed" in metrics


def test_after_all_this_nothing_of_it_is_in_the_log_and_nothing_broke(server):
    log = server.log.read_text()
    assert SECRET not in log and "Traceback" not in log
    assert '"status": 500' not in log
    assert server.predict({"text": "a"}).status_code == 200
