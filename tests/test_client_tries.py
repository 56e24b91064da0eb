"""The clients against a service that fails as it is told to, and then answers."""

import asyncio
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from servers import node
from ticket_triage_client import AsyncTriageClient, NoAnswer, ServiceError, TriageClient

from ticket_triage.serving import openapi

ROOT = Path(__file__).parents[1]


class Script(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Scripted)
        self.failures: list[int | str] = []
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Scripted(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked += 1
        failure = self.server.failures.pop(0) if self.server.failures else 200
        if failure == "reset":
            self.connection.close()
            return
        if failure == "hang":
            time.sleep(1)
        status = failure if isinstance(failure, int) else 200
        body = {"error": "not now"}
        if status == 200:
            operations = openapi.document("3")["paths"][self.path]["post"]["responses"]
            (content,) = next(one for code, one in operations.items() if code < "300")["content"].values()
            body = content["example"]
        sent = json.dumps(body).encode() if failure != "nonsense" else b"<html>"
        self.send_response(status)
        if status == 429:
            self.send_header("retry-after", "1")
        self.send_header("content-length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST

    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def script() -> Iterator[Script]:
    server = Script()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def by_sync(script: Script, what: str, **options) -> str:
    with TriageClient(script.url, pause=0.01, **options) as client:
        try:
            if what == "feedback":
                return client.feedback("a1", priority="high").correction_id
            return client.ready().model_dump_json() if what == "ready" else client.predict("a").prediction_id
        except (ServiceError, NoAnswer) as error:
            return f"{type(error).__name__} {getattr(error, 'status', '')}".strip()


def by_async(script: Script, what: str, **options) -> str:
    async def go() -> str:
        async with AsyncTriageClient(script.url, pause=0.01, **options) as client:
            try:
                if what == "feedback":
                    return (await client.feedback("a1", priority="high")).correction_id
                if what == "ready":
                    return (await client.ready()).model_dump_json()
                return (await client.predict("a")).prediction_id
            except (ServiceError, NoAnswer) as error:
                return f"{type(error).__name__} {getattr(error, 'status', '')}".strip()

    return asyncio.run(go())


def by_javascript(script: Script, what: str, **options) -> str:
    asked = {
        "feedback": 'client.feedback("a1", {priority: "high"})',
        "ready": "client.ready()",
        "predict": 'client.predict("a")',
    }
    code = f"""
import {{ TriageClient }} from "./clients/javascript/ticket-triage.mjs";
const client = new TriageClient("{script.url}", {json.dumps({"pause": 0.01, **options})});
try {{
  const found = await {asked[what]};
  console.log(found.correction_id ?? found.prediction_id ?? JSON.stringify(found));
}} catch (error) {{
  console.log(`${{error.name}} ${{error.status ?? ""}}`.trim());
}}"""
    command = [node(), "--input-type=module", "-e", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


ID, CORRECTION = "0f8fad5bd9cb469fa16570867728950e", "5b7f1f0c8d0e4c0f9a1d2c3b4a596877"
CASES = {
    "full": ("predict", [503, 503], {}, ID, 3),
    "broken": ("predict", ["reset"], {}, ID, 2),
    "slow": ("predict", ["hang"], {"timeout": 0.3}, ID, 2),
    "for good": ("predict", [503] * 9, {"tries": 3}, "ServiceError 503", 3),
    "wrong": ("predict", [400], {}, "ServiceError 400", 1),
    "its fault": ("predict", [500], {}, "ServiceError 500", 1),
    "another's": ("predict", ["nonsense"], {}, "NoAnswer", 1),
    "feedback that was not taken": ("feedback", [503], {}, CORRECTION, 2),
    "feedback that may have come": ("feedback", ["reset"], {}, "NoAnswer", 1),
    "not ready": ("ready", [503], {}, "ServiceError 503", 1),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("client", [by_sync, by_async, by_javascript])
def test_what_is_tried_again_and_what_is_not(client, script, case):
    what, script.failures, options, expected, asked = case[0], list(case[1]), *case[2:]
    assert (client(script, what, **options), script.asked) == (expected, asked)


@pytest.mark.parametrize("client", [by_sync, by_async, by_javascript])
def test_it_waits_as_long_as_the_service_says(client, script):
    script.failures = [429]
    started = time.monotonic()
    assert client(script, "predict") == ID
    assert time.monotonic() - started >= 1


def test_where_nobody_is_no_answer_comes():
    with TriageClient("http://127.0.0.1:1", tries=2, pause=0.01) as client, pytest.raises(NoAnswer):
        client.predict("a")
