"""The clients and the documented examples, against a real service; and against one that fails in every way."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import ticket_triage_client
from service import start
from ticket_triage_client import (
    AsyncTriageClient,
    Failure,
    NoAnswer,
    Prediction,
    ServiceError,
    TriageClient,
    models,
)

from ticket_triage.serving import openapi
from ticket_triage.serving.api_keys import add

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "docs/serving.md").read_text("utf-8")
TEXT = "my parcel is late again, please refund the invoice"


@pytest.fixture(scope="module")
def served(bento_home, bento, tmp_path_factory) -> Iterator[tuple[str, str]]:
    """Address of a service and a key for it."""
    state = tmp_path_factory.mktemp("state")
    key = add(state / "keys.json", "desk", "review", 1_000)
    log = tmp_path_factory.mktemp("log") / "server.log"
    for server in start(bento_home, bento, log, keys=True, TICKET_TRIAGE_STATE=str(state)):
        yield str(server.client.base_url).rstrip("/"), key


@pytest.fixture
def triage(served) -> Iterator[TriageClient]:
    with TriageClient(*served, timeout=30) as client:
        yield client


@pytest.mark.slow
def test_every_method_against_a_real_service(triage):
    answer = triage.predict({"text": TEXT, "customer": "c1"}, explain="full")
    assert isinstance(answer, Prediction) and answer.effects and answer.model.version == "3"
    several = triage.predict_many([TEXT, "", models.Ticket(text=TEXT)])
    assert [type(one) for one in several] == [Prediction, Failure, Prediction]
    assert len(list(triage.stream(TEXT for _ in range(7)))) == 7
    kept = triage.feedback(answer.prediction_id, priority="high", by="ann")
    logged = triage.prediction(answer.prediction_id)
    assert logged.prediction == answer and [one.correction_id for one in logged.corrections] == [
        kept.correction_id
    ]
    assert triage.replay(answer.prediction_id).same
    assert triage.model().canaries.passed > 0
    assert set(triage.taxonomy().priorities) == {"low", "medium", "high"}
    assert triage.ready().ready


@pytest.mark.slow
def test_the_same_to_be_awaited(served):
    async def go() -> None:
        async with AsyncTriageClient(*served, timeout=30) as client:
            answer, model = await asyncio.gather(client.predict(TEXT), client.model())
            assert answer.model.version == model.version
            assert [type(one) for one in await client.predict_many(["", TEXT])] == [Failure, Prediction]

            async def tickets():
                for _ in range(5):
                    yield TEXT

            assert len([one async for one in client.stream(tickets(), at_once=2)]) == 5
            await client.feedback(answer.prediction_id, priority="low")
            assert (await client.prediction(answer.prediction_id)).corrections[0].by == "desk"
            assert (await client.replay(answer.prediction_id)).same
            assert (await client.taxonomy()).name and (await client.ready()).ready
            with pytest.raises(ServiceError, match="404"):
                await client.prediction("0" * 32)

    asyncio.run(go())


@pytest.mark.slow
def test_refusals_are_typed(served, triage):
    with pytest.raises(ServiceError) as refused:
        triage.predict("")
    assert refused.value.status == 400 and "text" in refused.value.sentence and refused.value.request_id
    with TriageClient(served[0], key="tt_wrong") as stranger, pytest.raises(ServiceError, match="401"):
        stranger.predict(TEXT)
    with pytest.raises(ValueError, match="id"):
        triage.prediction("../model")


# What is documented runs.


def examples(kind: str) -> list[Any]:
    found = re.findall(rf"^```{kind} served\n(.*?)^```$", DOCS, re.M | re.S)
    assert found, kind
    return found


def run(command: list[str], served: tuple[str, str]) -> str:
    address, key = served
    command = [part.replace("http://127.0.0.1:3000", address) for part in command]
    environment = os.environ | {"TRIAGE_KEY": key, "PYTHONPATH": str(ROOT / "clients/python/src")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_python_example_runs(served):
    (code,) = examples("python")
    said = run([sys.executable, "-c", code], served)
    assert "the same again: True" in said and "404 there is no prediction of that id None" in said


@pytest.mark.slow
def test_the_javascript_example_runs(served):
    (code,) = examples("js")
    said = run([node(), "--input-type=module", "-e", code], served).splitlines()
    assert said[0].split()[0] in ("auto", "review") and said[-2:] == [
        "true",
        "404 there is no prediction of that id",
    ]
    assert "text" in said[2]


@pytest.mark.slow
def test_the_curl_examples_run(served):
    (code,) = examples("sh")
    one, batch, *lines, taxonomy = values(run(["bash", "-ec", code], served))
    assert one["escalation"] and taxonomy["digest"]
    assert len(batch["results"]) == len(lines) == 2
    assert all("prediction_id" in line for line in lines)


def values(text: str) -> list[Any]:
    """The JSON values that follow each other in a text."""
    found, rest = [], text.strip()
    while rest:
        value, end = json.JSONDecoder().raw_decode(rest)
        found.append(value)
        rest = rest[end:].strip()
    return found


def node() -> str:
    found = shutil.which("node")
    if found is None:
        # Where every test must run, one that cannot is a failure.
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs node (Debian: nodejs)")
    return found


# A service that fails as it is told to, and then answers.


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


# The types are the document's.

NAMES = {"Failure": "Error"}
KEPT = ("type", "properties", "items", "anyOf", "$ref", "enum", "const", "format", "additionalProperties")


def plain(schema: Any) -> Any:
    """What a schema says of a value's form."""
    if isinstance(schema, list):
        return [plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: schema[key] for key in KEPT if schema.get(key) not in (None, True, False)}
    if "properties" in found:
        found["properties"] = {name: plain(one) for name, one in found["properties"].items()}
    for key in ("items", "anyOf", "additionalProperties"):
        if key in found:
            found[key] = plain(found[key])
    if "$ref" in found:
        name = found["$ref"].rpartition("/")[2]
        found["$ref"] = NAMES.get(name, name)
    return found


TYPES = {
    name: one
    for name, one in vars(models).items()
    if isinstance(one, type) and issubclass(one, models.BaseModel) and one.__module__ == models.__name__
}


@pytest.mark.parametrize("name", [name for name in TYPES if not name.startswith("_")])
def test_a_type_has_the_form_that_the_document_gives_it(name):
    documented = openapi.document("3")["components"]["schemas"][NAMES.get(name, name)]
    form = plain(documented)
    if name == "Ticket":
        del (
            form["properties"]["ticket"],
            form["anyOf"],
        )  # another name of the text; one of its names must be there
    assert plain(TYPES[name].model_json_schema()) == form


def test_there_is_a_method_for_each_route_that_applications_use():
    probes = {"livez", "healthz", "metrics", "document", "page", "rollout"}
    names = {one["operationId"] for path in openapi.document("3")["paths"].values() for one in path.values()}
    called = {
        "predict_ticket": "predict",
        "predict_batch": "predict_many",
        "predict_stream": "stream",
        "readyz": "ready",
    }
    javascript = (ROOT / "clients/javascript/ticket-triage.mjs").read_text("utf-8")
    for name in names - probes:
        method = called.get(name, name)
        assert callable(getattr(TriageClient, method)) and callable(getattr(AsyncTriageClient, method))
        camel = re.sub(r"_(\w)", lambda found: found[1].upper(), method)
        assert re.search(rf"^  (async )?\*?{camel}\(", javascript, re.M), camel


def test_the_package_asks_for_what_it_imports():
    project = tomllib.loads((ROOT / "clients/python/pyproject.toml").read_text("utf-8"))["project"]
    asked = {re.split(r"[<>=]", one)[0] for one in project["dependencies"]}
    source = Path(ticket_triage_client.__file__).parent
    imported = {
        name
        for path in source.glob("*.py")
        for name in re.findall(r"^(?:from|import) (\w+)", path.read_text("utf-8"), re.M)
    }
    assert imported - set(sys.stdlib_module_names) - {"ticket_triage_client"} == asked
