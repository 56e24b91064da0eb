import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ticket_triage.feedback.records import Decision
from ticket_triage.schema import ModelRef
from ticket_triage.serving import meters
from ticket_triage.serving.meters import Meters

REF = ModelRef(name="tickets", version="3")


def made(**change) -> Decision:
    answer = {
        "category": {"label": "billing", "confidence": 0.85, "prediction_set": None},
        "priority": None,
        "decision": "review",
    }
    given = {"answer": answer, "latency_ms": 7.5, "model": REF, "ticket": {"text": "a"}}
    return Decision(prediction_id="1", at=datetime.now(UTC), **given | change)


def read(text: bytes) -> dict[str, float]:
    """Samples as `name{label=value,...}`, through the parser that Prometheus' own client has."""
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        assert family.documentation and family.type != "unknown"
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


@pytest.fixture
def alone(monkeypatch):
    monkeypatch.delenv(meters.FOLDER, raising=False)
    return Meters()


def test_requests_are_counted_and_timed(alone):
    alone.answered("/predict-ticket", "POST", 200, 0.02)
    alone.answered("/predict-ticket", "POST", 400, 0.0001)
    figures = read(alone.text()[0])
    assert figures["ticket_triage_requests_total{method=POST,route=/predict-ticket,status=200}"] == 1
    assert figures["ticket_triage_requests_total{method=POST,route=/predict-ticket,status=400}"] == 1
    assert figures["ticket_triage_request_seconds_bucket{le=0.001,route=/predict-ticket}"] == 1
    assert figures["ticket_triage_request_seconds_count{route=/predict-ticket}"] == 2


def test_decisions_are_counted_by_what_was_decided(alone):
    alone.decided(made())
    alone.decided(made(cached=True, degraded=True))
    alone.decided(made(shadow=True, variant="challenger", model=ModelRef(name="tickets", version="4")))
    figures = read(alone.text()[0])
    decided = "ticket_triage_decisions_total{{category=billing,decision=review,priority=none,{}}}"
    assert figures[decided.format("shadow=false,variant=champion,version=3")] == 2
    assert figures[decided.format("shadow=true,variant=challenger,version=4")] == 1
    assert figures["ticket_triage_confidence_bucket{le=0.8,task=category,version=3}"] == 0
    assert figures["ticket_triage_confidence_bucket{le=0.9,task=category,version=3}"] == 2
    assert figures["ticket_triage_prediction_seconds_count{cached=true,version=3}"] == 1
    assert figures["ticket_triage_degraded_answers_total{version=3}"] == 1
    assert "ticket_triage_confidence_count{task=category,version=4}" not in figures


def test_states_are_those_of_now(alone):
    alone.state({"redis": "open", "database": "closed"}, {"records": 3, "bytes": 900}, [REF])
    alone.state({"redis": "half_open", "database": "closed"}, {"records": 0, "bytes": 0, "rejected": 2}, [])
    figures = read(alone.text()[0])
    assert figures["ticket_triage_breaker_state{dependency=redis}"] == 1
    assert figures["ticket_triage_breaker_state{dependency=database}"] == 0
    assert figures["ticket_triage_spool_records{}"] == figures["ticket_triage_ready_workers{}"] == 0
    assert figures["ticket_triage_rejected_records{}"] == 2
    assert figures["ticket_triage_model_info{name=tickets,version=3}"] == 0


# What a worker does; the second one is killed, so it takes no leave.
WORKER = """
import os, signal, sys
from pathlib import Path
from ticket_triage.schema import ModelRef
from ticket_triage.serving import meters
meters.share_folder(Path(sys.argv[1], "metrics"))
figures = meters.Meters()
figures.looked_up(True)
figures.answered("/predict", "POST", 200, 0.1)
figures.state({"redis": sys.argv[2]}, {"records": 5, "bytes": 10}, [ModelRef(name="tickets", version="3")])
print(figures.text()[0].decode(), flush=True)
if sys.argv[2] == "open":
    os.kill(os.getpid(), signal.SIGKILL)
figures.close()
"""


def work(state: Path, redis: str) -> dict[str, float]:
    command = [sys.executable, "-c", WORKER, str(state), redis]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.stdout, done.stderr.decode()
    return read(done.stdout)


def test_workers_of_one_server_count_together_and_the_dead_have_no_state(tmp_path):
    (tmp_path / "metrics/999999999").mkdir(parents=True)  # of a server that is no more
    first = work(tmp_path, "open")
    assert first["ticket_triage_ready_workers{}"] == 1
    assert first["ticket_triage_breaker_state{dependency=redis}"] == 2
    for count in (2, 3):
        figures = work(tmp_path, "closed")
        assert figures["ticket_triage_cache_lookups_total{result=hit}"] == count
        assert figures["ticket_triage_request_seconds_count{route=/predict}"] == count
        assert figures["ticket_triage_ready_workers{}"] == 1
        assert figures["ticket_triage_breaker_state{dependency=redis}"] == 0
    assert [folder.name for folder in (tmp_path / "metrics").iterdir()] == [str(os.getpid())]
