"""Logs as JSON, or as lines for people: what happened and where, never what a customer wrote."""

import asyncio
import json
import logging
import sys
import traceback
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from select import PIPE_BUF
from typing import Any, Literal, TextIO

from pydantic import ValidationError
from pydantic_core import to_json

Style = Literal["json", "plain"]
OWN = "ticket_triage"
REQUESTS = f"{OWN}.requests"  # the logger that has a line for each request
SERVERS = ("bentoml", "uvicorn.error", "circus")  # of BentoML and below it
# BentoML, and uvicorn around it, write to these when a request fails.
LOGGERS = ("bentoml._internal.server.http_app", "bentoml.serve", "uvicorn.error")

LATER = 0.2  # seconds until the line of a request is written
TOGETHER = 64  # lines that are written at once


class Lines(logging.Formatter):
    """One line a record: of what was raised the kind and the place, not what it says."""

    def __init__(self, style: Style) -> None:
        super().__init__()
        self.style = style

    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info and (error := record.exc_info[1]):
            facts["raised"] = type(error).__qualname__
            facts["at"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)
            ]
        if self.style == "json":
            return _json(facts)
        head = " ".join(str(facts.pop(name)) for name in ("time", "level", "logger", "message"))
        return " ".join([head, *(f"{name}={_plain(value)}" for name, value in facts.items())])


class Together(logging.StreamHandler[TextIO]):
    """Writes lines of an event loop a moment later and together: a system call takes longer than a line.

    What is worse than information, and what comes where no loop runs and nothing waits, is written at once. No more at
    a time than a pipe takes whole, since all workers write to the same one.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._waiting: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line."""
        try:
            self._waiting.append(self.format(record) + self.terminator)
        except Exception:  # as every handler of the library
            self.handleError(record)
            return
        if record.levelno > logging.INFO or len(self._waiting) >= TOGETHER:
            self.flush()
        elif len(self._waiting) == 1:
            try:
                asyncio.get_running_loop().call_later(LATER, self.flush)
            except RuntimeError:  # no loop runs here
                self.flush()

    def flush(self) -> None:
        """Write what waits."""
        with self.lock or nullcontext():
            lines, self._waiting = self._waiting, []
            part: list[str] = []
            size = 0
            for line in lines:
                length = len(line.encode("utf-8", "replace"))
                if part and size + length > PIPE_BUF:
                    self._write(part)
                    part, size = [], 0
                part.append(line)
                size += length
            self._write(part)

    def _write(self, lines: list[str]) -> None:
        if lines:
            self.stream.write("".join(lines))
        super().flush()


def _json(facts: Mapping[str, Any]) -> str:
    try:
        return to_json(facts, fallback=str).decode()
    except ValueError:  # half a surrogate pair, as of a file's name
        return json.dumps(facts, default=str)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) and value and " " not in value else json.dumps(value, default=str)


def set_up(style: Style) -> None:
    """Send this service's records to standard output, and give those of the server around it the same form."""
    own = logging.getLogger(OWN)
    if not own.handlers:
        own.addHandler(Together(sys.stdout))
    own.setLevel(logging.INFO)
    for logger in (own, logging.getLogger(), *map(logging.getLogger, SERVERS)):
        for handler in logger.handlers:
            handler.setFormatter(Lines(style))
        if logger.handlers:  # else a record would be printed twice
            logger.propagate = False


class Discreet(logging.Filter):
    """Takes from a logged exception what it says, maybe a customer's words, and leaves where it happened."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return True
        if isinstance(error, ValidationError):
            record.levelno, record.levelname = logging.INFO, "INFO"
            note = f"refused, {error.error_count()} faults in the input"
        elif type(error).__module__ == "bentoml.exceptions":  # raised on purpose: nothing to look for
            note = type(error).__qualname__
        else:
            note = f"{type(error).__qualname__}\n{''.join(traceback.format_tb(error.__traceback__))}".rstrip()
        record.msg, record.args = f"{record.getMessage()}: {note}", None
        record.exc_info = record.exc_text = None
        return True


def guard() -> None:
    """Put `Discreet` on every logger that sees a failed request."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, Discreet) for known in logger.filters):
            logger.addFilter(Discreet())
