import io
import json
import logging

import pytest

from ticket_triage.serving import logs


def record(message: str, error: Exception | None = None, **facts) -> logging.LogRecord:
    given = logging.LogRecord("a.b", logging.WARNING, __file__, 1, message, (), None)
    given.facts = facts
    if error:
        try:
            raise error
        except Exception as raised:
            given.exc_info = (type(raised), raised, raised.__traceback__)
    return given


def test_a_line_is_json_with_the_facts():
    line = json.loads(logs.Lines("json").format(record("request", status=200, route="/predict")))
    assert {"level": "warning", "logger": "a.b", "message": "request", "status": 200}.items() <= line.items()
    assert line["time"].endswith("+00:00")


def test_a_line_for_people_has_the_same():
    line = logs.Lines("plain").format(record("request", status=200, caller=None, why="two words"))
    assert line.endswith(' warning a.b request status=200 caller=null why="two words"')


@pytest.mark.parametrize("style", ["json", "plain"])
def test_of_an_exception_a_line_has_kind_and_place_and_no_word(style):
    line = logs.Lines(style).format(record("failed", ValueError("my card number")))
    assert "ValueError" in line and "test_logs.py" in line and "\n" not in line
    assert "card" not in line


def test_the_servers_own_records_get_the_same_form_once(monkeypatch):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    server = logging.getLogger("uvicorn.error")
    monkeypatch.setattr(server, "handlers", [handler])
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    monkeypatch.setattr(logging.getLogger(logs.OWN), "handlers", [])
    monkeypatch.setattr(server, "propagate", True)
    monkeypatch.setattr(logging.getLogger(logs.OWN), "propagate", True)
    logs.set_up("json")
    logs.set_up("json")
    server.error("it fell")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["it fell"]
    assert len(logging.getLogger(logs.OWN).handlers) == 1
