import asyncio
import io
import json
import logging
from select import PIPE_BUF

import pytest
from pydantic import BaseModel, ValidationError

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


def test_lines_of_a_loop_are_written_together_and_a_fault_at_once(monkeypatch):
    monkeypatch.setattr(logs, "LATER", 0.05)
    written: list[str] = []

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            written.append(text)
            return super().write(text)

    stream = Stream()
    handler = logs.Together(stream)

    def say(message: str, level: int = logging.INFO) -> list[str]:
        handler.handle(logging.LogRecord("a", level, __file__, 1, message, (), None))
        return stream.getvalue().splitlines()

    async def go() -> None:
        assert say("one") == say("two") == []
        await asyncio.sleep(0.1)
        assert stream.getvalue().splitlines() == ["one", "two"]
        assert say("three") == ["one", "two"]
        assert say("four", logging.ERROR) == ["one", "two", "three", "four"]
        for number in range(logs.TOGETHER - 1):
            assert len(say(f"{number} {'x' * 100}")) == 4
        assert len(say("the last")) == 4 + logs.TOGETHER

    asyncio.run(go())
    assert max(map(len, written)) <= PIPE_BUF < sum(map(len, written)), "a pipe takes no more in one piece"
    assert say("where no loop runs")[-1] == "where no loop runs"


def logged(error: Exception) -> logging.LogRecord:
    try:
        raise error
    except Exception as raised:
        record = logging.LogRecord(
            "x",
            logging.ERROR,
            __file__,
            1,
            "Exception on %s",
            ("/a",),
            (type(raised), raised, raised.__traceback__),
        )
    assert logs.Discreet().filter(record)
    return record


def test_a_logged_exception_keeps_its_place_and_loses_its_words():
    text = logging.Formatter().format(logged(ValueError("my card number")))
    assert "ValueError" in text and "test_logs.py" in text and "Exception on /a" in text
    assert "my card number" not in text


def test_refused_input_is_one_line_at_info():
    class Wanted(BaseModel):
        text: int

    try:
        Wanted.model_validate({"text": "my card number"})
    except ValidationError as error:
        record = logged(error)
    assert record.levelname == "INFO"
    assert logging.Formatter().format(record) == "Exception on /a: refused, 1 faults in the input"


def test_the_filter_is_put_once_on_each_logger():
    logs.guard()
    logs.guard()
    for name in logs.LOGGERS:
        assert sum(isinstance(known, logs.Discreet) for known in logging.getLogger(name).filters) == 1
