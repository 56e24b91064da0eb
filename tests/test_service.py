import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import jsonschema
import pytest
from collector import Collector
from service import Server, start
from test_meters import read

from ticket_triage.files import write_json
from ticket_triage.serving import api_keys, openapi

ROOT = Path(__file__).parents[1]
TEXT = "my parcel is late again, please refund the invoice"
SECRET = "xyzzy-4411"  # stands for a customer's words: in no log
# What trains, validates and watches models; none of it is installed where the service runs.
ABSENT = (
    "mlflow",
    "dvc",
    "optuna",
    "evidently",
    "great_expectations",
    "polars",
    "pyarrow",
    "matplotlib",
    "plotly",
    "onnx",
    "safetensors",
    "torch",
)


@pytest.fixture(scope="module")
def server(bento_home: Path, bento: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from start(bento_home, bento, tmp_path_factory.mktemp("log") / "server.log")


@pytest.mark.slow
def test_a_ticket_is_answered(server):
    response = server.predict({"text": TEXT})
    assert response.status_code == 200
    answer = response.json()
    jsonschema.validate(answer, json.loads((ROOT / "docs/prediction.schema.json").read_text()))
    assert answer["model"] == {"name": "tickets", "version": "3"}
    assert list(answer) == [
        "prediction_id",
        "model",
        "category",
        "priority",
        "department",
        "team",
        "decision",
        "review_reasons",
        "escalation",
        "reasons",
        "neighbours",
        "effects",
        "degraded",
        "sentiment",
        "language",
        "latency_ms",
    ]


@pytest.mark.slow
def test_a_ticket_is_explained_in_full_where_that_is_asked_for(server):
    answer = server.predict({"text": TEXT}).json()
    assert answer["effects"] is None and answer["neighbours"]
    body = {"json": {"text": TEXT}}
    full = server.client.post("/predict-ticket", params={"explain": "full"}, **body).json()
    assert {effect["word"].strip(",") for effect in full["effects"]} <= {*TEXT.replace(",", "").split()}
    assert full["reasons"] == answer["reasons"]
    wrong = server.client.post("/predict-ticket", params={"explain": "loudly"}, **body)
    assert wrong.status_code == 400 and "explain" in wrong.json()["error"]


@pytest.mark.slow
def test_many_tickets_are_answered_at_once_each_by_itself(server):
    tickets = [{"text": TEXT}, {"text": ""}, {"description": TEXT}, "no ticket", {"text": TEXT, "colour": 1}]
    results = server.client.post("/predict/batch", json={"tickets": tickets}).json()["results"]
    assert [set(result) == {"error"} for result in results] == [False, True, False, True, True]
    assert "`colour` is not a known field" in results[4]["error"]
    assert server.client.post("/predict/batch", json={"tickets": []}).status_code == 400
    streamed = server.client.post(
        "/predict/stream",
        content="\n".join(map(json.dumps, tickets)) + "\n{not json",
        headers={"content-type": "application/x-ndjson"},
    )
    found = [json.loads(line) for line in streamed.text.splitlines()]
    assert found[5] == {"error": "the line is not JSON"}
    for one, other in zip(results, found[:5], strict=True):
        assert {**one, "prediction_id": 0, "latency_ms": 0} == {**other, "prediction_id": 0, "latency_ms": 0}


@pytest.mark.slow
def test_all_fields_and_odd_texts_are_answered(server):
    full = {
        "text": TEXT,
        "subject": "refund",
        "created_at": "2024-02-29T10:00:00Z",
        "received_at": "2024-02-29T12:00:00+02:00",
        "channel": "email",
        "customer": "c1",
        "tier": "gold",
        "earlier_tickets": 3,
    }
    texts = [" ", "😀" * 5000, "\u202etxet", "a" * 20_000, "!" * 3000, "¿Dónde está mi paquete?"]
    for content in (full, {"text": TEXT, "subject": None}, *({"text": text} for text in texts)):
        assert server.predict(content).status_code == 200


BAD = {
    "nothing": b"",
    "no object": b"[]",
    "a string": b'"hello"',
    "cut": b'{"text": "' + SECRET.encode(),
    "no text": {"subject": SECRET},
    "empty text": {"text": ""},
    "text of a wrong type": {"text": [SECRET]},
    "a text too long": {"text": SECRET * 3000},
    "an unknown field": {"text": "a", "prioritty": SECRET},
    "half a surrogate pair": b'{"text": "' + SECRET.encode() + b'\\ud800"}',
    "bytes that are not UTF-8": b'{"text": "' + SECRET.encode() + b'\xff"}',
    "NUL": {"text": f"{SECRET}\x00"},
    "a field twice": b'{"text": "a", "text": "' + SECRET.encode() + b'"}',
    "year 0": {"text": "a", "created_at": "0000-01-01T00:00:00Z"},
    "a date without its zone": {"text": "a", "created_at": "2024-01-01T00:00:00"},
    "deep": b"[" * 100_000,
    "too many earlier tickets": {"text": "a", "earlier_tickets": 10**12},
}


@pytest.mark.slow
@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_bad_input_is_refused_in_a_sentence(server, content):
    response = server.predict(content)
    assert response.status_code == 400
    error = response.json()
    assert set(error) == {"error"} and error["error"]
    assert SECRET not in response.text and "Traceback" not in response.text


@pytest.mark.slow
def test_bodies_too_large_or_not_json_and_unknown_paths_have_the_same_shape(server):
    large = server.predict({"text": "a" * 300_000})
    other = server.client.post("/predict-ticket", content=b"x", headers={"content-type": "text/plain"})
    nowhere, get = server.client.get("/nowhere"), server.client.get("/predict-ticket")
    assert [r.status_code for r in (large, other, nowhere, get)] == [413, 415, 404, 405]
    assert all(set(r.json()) == {"error"} for r in (large, other, nowhere, get))


@pytest.mark.slow
def test_logs_hold_nothing_of_a_ticket(server):
    server.predict({"text": f"my number is {SECRET}"})
    server.predict({"text": 5, "subject": SECRET})
    log = server.log.read_text()
    assert "/predict-ticket" in log
    assert SECRET not in log and "Traceback" not in log


@pytest.mark.slow
def test_probes_and_metrics(server):
    for path in ("/healthz", "/livez", "/readyz"):
        assert server.client.get(path).status_code == 200
    server.predict({"text": TEXT})
    answered = "ticket_triage_requests_total{method=POST,route=/predict-ticket,status=200}"
    wait_for(lambda: figures(server).get(answered, 0) > 0)  # a request is counted when its answer has left


@pytest.mark.slow
def test_every_line_of_the_log_is_json_and_each_request_has_one(server):
    answer = server.client.post("/predict", json={"text": TEXT}, headers={"X-Request-ID": "order-17"})
    assert answer.headers["x-request-id"] == "order-17"
    wait_for(lambda: "order-17" in server.log.read_text())  # the line follows the answer
    _, *written = server.log.read_text().splitlines()  # the first is the command's, to who typed it
    lines = [json.loads(line) for line in written]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    (line,) = [line for line in lines if line.get("request_id") == "order-17"]
    given = answer.json()
    assert (line["prediction_id"], line["decision"]) == (given["prediction_id"], given["decision"])
    assert line["version"] == "3" and line["status"] == 200 and line["ms"] >= line["predict_ms"] > 0


@pytest.mark.slow
def test_two_workers_are_one_server_to_who_looks_at_it(bento_home, bento, tmp_path):
    settings = {
        "TICKET_TRIAGE_WORKERS": "2",
        "TICKET_TRIAGE_LOG": "plain",
        "TICKET_TRIAGE_STATE": str(tmp_path / "state"),
    }
    for server in start(bento_home, bento, tmp_path / "log", **settings):
        wait_for(lambda: figures(server)["ticket_triage_ready_workers{}"] == 2)  # noqa: B023 (called at once)
        for _ in range(30):  # a new connection each: either worker may take it
            assert (
                httpx.post(f"{server.client.base_url}/predict-ticket", json={"text": TEXT}).status_code == 200
            )
        answered = "ticket_triage_requests_total{method=POST,route=/predict-ticket,status=200}"
        wait_for(lambda: figures(server).get(answered) == 30)  # noqa: B023 (called at once)
        for _ in range(6):
            seen = figures(server)
            assert seen[answered] == 30
            assert (
                sum(seen[f"ticket_triage_cache_lookups_total{{result={r}}}"] for r in ("hit", "miss")) == 30
            )
        assert seen["ticket_triage_model_info{name=tickets,version=3}"] == 1


def figures(server: Server) -> dict[str, float]:
    # Not by the connection that is open, which is always the same worker's.
    return read(httpx.get(f"{server.client.base_url}/metrics").content)


def wait_for(good: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not good():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.slow
def test_what_was_answered_is_kept_corrected_and_made_again(server):
    given = {"text": f"{TEXT} ann@example.com", "customer": SECRET, "created_at": "2026-03-02T09:15:00Z"}
    answer = server.predict(given).json()
    one = answer["prediction_id"]
    found = server.client.get(f"/predictions/{one}").json()
    assert found["prediction"] == answer and found["ticket"]["text"] == f"{TEXT} <email>"
    assert server.client.post(f"/replay/{one}").json()["same"]
    said = server.client.post("/feedback", json={"prediction_id": one, "priority": "low"})
    assert said.status_code == 201
    (correction,) = server.client.get(f"/predictions/{one}").json()["corrections"]
    assert correction["correction_id"] == said.json()["correction_id"]
    unknown = server.client.get(f"/predictions/{'0' * 32}")
    assert unknown.status_code == 404 and set(unknown.json()) == {"error"}


@pytest.mark.slow
def test_the_model_is_described(server):
    model = server.client.get("/model").json()
    assert (model["name"], model["version"], model["ready"], model["faults"]) == ("tickets", "3", True, [])
    assert set(model["classes"]) == set(model["thresholds"]) == {"category", "priority"}
    assert model["canaries"]["passed"] == model["canaries"]["tickets"] > 0


@pytest.mark.slow
def test_what_is_asked_without_a_body_answers_as_documented(server):
    document = server.client.get("/docs.json").json()
    for path, operations in document["paths"].items():
        if "get" in operations and "{" not in path:
            answer = server.client.get(path)
            assert answer.status_code == 200, path
            ((kind, content),) = operations["get"]["responses"]["200"]["content"].items()
            assert answer.headers["content-type"].partition(";")[0] == kind
            if kind == "application/json":
                jsonschema.validate(answer.json(), content["schema"] | {"components": document["components"]})


@pytest.mark.slow
def test_the_taxonomy_is_told(server):
    taxonomy, model = server.client.get("/taxonomy").json(), server.client.get("/model").json()
    assert taxonomy["digest"] == model["taxonomy"]["digest"]
    assert {category["label"] for category in taxonomy["categories"]} >= set(model["classes"]["category"])
    assert {category["team"] for category in taxonomy["categories"]} <= set(taxonomy["teams"])


@pytest.mark.slow
def test_what_is_degraded_is_told_while_predictions_go_on_and_are_traced(bento_home, bento, tmp_path):
    with Collector() as collector:
        settings = {
            "REDIS_URL": "redis://127.0.0.1:1/0",  # nobody
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "TICKET_TRIAGE_STATE": str(tmp_path / "s"),
        }
        for server in start(bento_home, bento, tmp_path / "log", **settings):
            ready = server.client.get("/readyz")
            assert (ready.status_code, ready.json()["degraded"]) == (200, ["redis"])
            assert server.predict({"text": TEXT}).status_code == 200
            name = "ticket_triage_breaker_state{dependency=redis}"
            wait_for(lambda: figures(server)[name] > 0)  # noqa: B023 (called at once)
        spans = collector.spans()  # sent at the latest when the service ends
    request = spans["POST /predict-ticket"]
    assert all(spans[name].parent_span_id == request.span_id for name in ("cache", "predict", "record"))


@pytest.mark.slow
def test_a_websocket_is_refused_at_once(server):
    handshake = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    for path in ("/predict-ticket", "/nowhere"):
        began = time.monotonic()
        refused = server.client.get(path, headers=handshake)
        assert refused.status_code in (403, 405) and time.monotonic() - began < 5, (path, refused.status_code)


@pytest.mark.slow
def test_an_answer_that_took_too_long_is_refused_as_all_are(bento_home, bento, tmp_path):
    limit = {"TICKET_TRIAGE_STATE": str(tmp_path), "TICKET_TRIAGE_TIMEOUT": "0.001"}
    for server in start(bento_home, bento, tmp_path / "log", **limit):
        request = {"url": "/predict-ticket?explain=full", "json": {"text": TEXT * 20}}
        late = server.client.post(**request, headers={"x-request-id": "late"})
        assert (late.status_code, late.json()) == (504, {"error": "the answer took too long"})
        assert late.headers["x-request-id"] == "late" and late.headers["x-frame-options"] == "DENY"


@pytest.mark.slow
def test_the_document_and_its_page(server):
    document = server.client.get("/docs.json").json()
    assert document == openapi.document("3")
    example = document["paths"]["/predict-ticket"]["post"]["requestBody"]["content"]["application/json"][
        "example"
    ]
    assert server.predict(example).status_code == 200
    page = server.client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for path in ("swagger-ui.css", "swagger-ui-bundle.js"):
        assert f"./static_content/{path}" in page.text
        assert server.client.get(f"/static_content/{path}").status_code == 200


@pytest.mark.slow
def test_a_model_that_cannot_prove_itself_never_answers(bento_home, bento, model_folder, tmp_path):
    damaged = shutil.copytree(model_folder, tmp_path / "model")
    canaries = json.loads((damaged / "canaries.json").read_text())
    canaries[0]["text"] = "quite another ticket"
    write_json(damaged / "canaries.json", canaries)
    for server in start(bento_home, bento, tmp_path / "log", TICKET_TRIAGE_MODEL=str(damaged)):
        ready = server.client.get("/readyz")
        answer = server.predict({"text": TEXT})
        assert ready.status_code == answer.status_code == 503
        assert set(ready.json()) == set(answer.json()) == {"error"}
        assert server.client.get("/livez").status_code == 200
        model = server.client.get("/model").json()
        assert not model["ready"] and "canaries.json" in model["faults"][0]
        assert "canaries.json" in server.log.read_text()


@pytest.mark.slow
def test_with_keys_only_their_holders_are_answered(bento_home, bento, tmp_path):
    path = tmp_path / "state/keys.json"
    key, reviewer = (api_keys.add(path, role, role, 1000) for role in ("predict", "review"))
    place = {"TICKET_TRIAGE_STATE": str(path.parent), "TICKET_TRIAGE_CORS": "https://desk.example"}
    for server in start(bento_home, bento, tmp_path / "log", keys=True, **place):
        assert [server.client.get(path).status_code for path in ("/livez", "/readyz", "/metrics")] == [
            200
        ] * 3
        stranger = server.predict({"text": TEXT})
        assert stranger.status_code == 401 and stranger.headers["www-authenticate"].startswith("Bearer")
        # Before a byte of the body is read.
        assert server.predict({"text": "a" * 300_000}).status_code == 401
        server.client.headers["authorization"] = f"Bearer {key}"
        assert server.predict({"text": TEXT}).status_code == 200
        assert server.client.get("/rollout").status_code == 403
        server.client.headers["authorization"] = f"Bearer {reviewer}"
        asked = {"origin": "https://desk.example", "access-control-request-method": "POST"}
        allowed = server.client.options("/predict-ticket", headers=asked)
        assert allowed.headers["access-control-allow-origin"] == "https://desk.example"
        other = server.client.options("/predict-ticket", headers=asked | {"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
        assert server.predict({"text": TEXT}).headers["x-content-type-options"] == "nosniff"
        api_keys.revoke(path, "review")
        assert server.predict({"text": TEXT}).status_code == 401
        log = server.log.read_text()
        assert key not in log and reviewer not in log


STARTS = {
    "bentoml serve": ("-m", "bentoml", "serve", "ticket_triage.serving.service:service", "--port", "1"),
    "uvicorn": ("-m", "uvicorn", "--factory", "ticket_triage.serving.service:service.to_asgi", "--port", "0"),
    "ticket-triage serve": (
        "-c",
        "from ticket_triage.cli import app; app()",
        "serve",
        "--bento",
        "TAG",
        "--home",
        ".",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("words", STARTS.values(), ids=STARTS)
def test_without_keys_it_does_not_start_however_it_is_started(
    words, bento_home, bento, model_folder, tmp_path
):
    closed = {name: value for name, value in os.environ.items() if name != "TICKET_TRIAGE_OPEN"}
    done = subprocess.run(
        [sys.executable, *(bento if word == "TAG" else word for word in words)],
        env=closed | {"TICKET_TRIAGE_MODEL": str(model_folder), "TICKET_TRIAGE_STATE": str(tmp_path)},
        cwd=bento_home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert f"there is no API key in {tmp_path / 'keys.json'}" in done.stderr + done.stdout


def run_without(code: str, folder: Path) -> str:
    """Run code where the packages ABSENT cannot be imported."""
    guard = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {ABSENT!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
    )
    environment = os.environ | {
        "TICKET_TRIAGE_MODEL": str(folder),
        "BENTOML_DO_NOT_TRACK": "True",
        "TICKET_TRIAGE_OPEN": "1",
    }
    command = [sys.executable, "-c", guard + code]
    with tempfile.TemporaryDirectory() as here:  # the service's state goes there
        done = subprocess.run(command, env=environment, cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_service_loads_no_model(tmp_path):
    code = (
        "import ticket_triage.serving.service\n"
        "print(sorted({'sklearn', 'lightgbm', 'xgboost', 'skops', 'scipy'} & set(sys.modules)))\n"
    )
    assert run_without(code, tmp_path / "there is none").strip() == "[]"


def test_what_bentoml_does_around_a_request_for_nothing_is_left_out(tmp_path):
    code = (
        "from ticket_triage.serving.service import service\n"
        "app = service.to_asgi(is_main=True)\n"
        "print(*(one.cls.__name__ for one in app.user_middleware))\n"
    )
    names = run_without(code, tmp_path / "there is none").split()
    assert {"Watch", "Access", "Door", "Quick", "Deadline"} <= set(names) and names.count("nothing") == 2
    assert not {"TimeoutMiddleware", "OpenTelemetryMiddleware"} & set(names)


def test_the_service_answers_without_what_trains_and_watches_models(model_folder):
    code = (
        "from ticket_triage.schema import Ticket\n"
        "from ticket_triage.serving.service import TicketTriage\n"
        "service = TicketTriage()\n"
        "print(service.faults, service.predictor.predict(Ticket(text='my parcel is late')).decision)\n"
    )
    assert run_without(code, model_folder).strip() in ("[] auto", "[] review")
