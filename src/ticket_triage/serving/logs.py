"""Logs as JSON, or as lines for people: what happened and where, never what a customer wrote."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import ValidationError

Style = Literal["json", "plain"]
OWN = "ticket_triage"
REQUESTS = f"{OWN}.requests"  # the logger that has a line for each request
SERVERS = ("bentoml", "uvicorn.error", "circus")  # of BentoML and below it
# BentoML, and uvicorn around it, write to these when a request fails.
LOGGERS = ("bentoml._internal.server.http_app", "bentoml.serve", "uvicorn.error")

_JSON = json.JSONEncoder(ensure_ascii=False, default=str)


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
            return _JSON.encode(facts)
        head = " ".join(str(facts.pop(name)) for name in ("time", "level", "logger", "message"))
        return " ".join([head, *(f"{name}={_plain(value)}" for name, value in facts.items())])


def _plain(value: Any) -> str:
    return value if isinstance(value, str) and value and " " not in value else json.dumps(value, default=str)


def set_up(style: Style) -> None:
    """Send this service's records to standard output, and give those of the server around it the same form."""
    own = logging.getLogger(OWN)
    if not own.handlers:
        own.addHandler(logging.StreamHandler(sys.stdout))
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
