"""The clients and the documented examples, against a real service."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import node
from service import start
from ticket_triage_client import (
    AsyncTriageClient,
    Failure,
    Prediction,
    ServiceError,
    TriageClient,
    models,
)

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
