import subprocess
import sys
from collections.abc import Iterator

import pytest
from collector import Collector

from ticket_triage.serving import traces

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


def test_a_request_and_its_parts_arrive_below_the_callers_span(collector):
    sent = traces.to(collector.url)
    with sent.request("POST /predict", {"traceparent": PARENT}) as span:
        with sent.span("predict"):
            pass
        sent.ended(span, 503, request_id="r1")
    sent.close()
    spans = collector.spans()
    assert set(spans) == {"POST /predict", "predict"}
    outer = spans["POST /predict"]
    assert outer.trace_id.hex() == spans["predict"].trace_id.hex() == PARENT.split("-")[1]
    assert outer.parent_span_id.hex() == PARENT.split("-")[2]
    assert spans["predict"].parent_span_id == outer.span_id
    said = {fact.key: fact.value for fact in outer.attributes}
    assert said["request_id"].string_value == "r1" and said["http.response.status_code"].int_value == 503
    assert outer.status.code == 2
    named = collector.received[0].resource_spans[0].resource.attributes
    assert "ticket-triage" in [fact.value.string_value for fact in named if fact.key == "service.name"]


def test_a_span_says_nothing_of_what_was_raised(collector):
    sent = traces.to(collector.url)
    with pytest.raises(ValueError, match="card"), sent.request("a", {}), sent.span("b"):
        raise ValueError("my card number")
    sent.close()
    assert set(collector.spans()) == {"a", "b"}
    assert b"card" not in b"".join(request.SerializeToString() for request in collector.received)


def test_where_nobody_collects_nothing_is_imported():
    code = (
        "import sys\nfrom ticket_triage.serving import traces\n"
        "none = traces.to(None)\n"
        "with none.request('a', {}) as span, none.span('b'):\n    none.ended(span, 200)\n"
        "none.close()\nprint([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
