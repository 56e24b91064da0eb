"""Between the network and the service: a body limit, one shape of error, logs without customers' words."""

import json
import logging
import traceback
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# BentoML, and uvicorn around it, write to these when a request fails.
LOGGERS = ("bentoml._internal.server.http_app", "bentoml.serve", "uvicorn.error")

NOT_KEPT = "it could not be kept, so it is not done; the log says why"
NO_DATABASE = "the database does not answer; what it holds can be read again later"
UNAVAILABLE = (NOT_KEPT, NO_DATABASE)

_SENTENCES = {
    404: "there is no {path} here",
    405: "{method} is not allowed on {path}",
    500: "the request failed here; the log says where",
    503: "the model is not ready; the log says why",
    504: "the answer took too long",
}


class Door:
    """ASGI middleware: refuses bodies not JSON or over `limit` bytes; any error is `{"error": sentence}`.

    Args:
        limits: bytes for paths that take more; None for one whose body is JSON lines, read as it comes.
    """

    def __init__(self, app: ASGIApp, limit: int, limits: Mapping[str, int | None] | None = None) -> None:
        self.app = app
        self.limit = limit
        self.limits = limits or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] == "POST" and (limit := self.limits.get(scope["path"], self.limit)) is not None:
            body = await self._read(scope, receive, limit)
            if isinstance(body, JSONResponse):
                await body(scope, receive, send)
                return
            receive = replay(body, receive)
        await self.app(scope, receive, _Sender(scope, receive, send))

    async def _read(self, scope: Scope, receive: Receive, limit: int) -> bytes | JSONResponse:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        kind = headers.get(b"content-type", "application/json").partition(";")[0].strip().lower()
        if kind != "application/json":
            return error(415, "the body must be application/json")
        too_large = f"the body is larger than {limit} bytes"
        length = headers.get(b"content-length", "0")
        if length.isdecimal() and int(length) > limit:
            return error(413, too_large)
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > limit:
                return error(413, too_large)
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """Receive a body that was read once more, and after it what comes then."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again


class _Sender:
    """Passes a good response on as it comes, and holds a failed one back to send a sentence in its place."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], message["headers"]
        if self.status < HTTPStatus.BAD_REQUEST:
            await self.send(message)
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            if not message.get("more_body"):
                await self._refuse()

    async def _refuse(self) -> None:
        ours = self.status < HTTPStatus.INTERNAL_SERVER_ERROR and self.body.startswith(b'{"error":')
        ours |= _refusal(bytes(self.body)) in UNAVAILABLE
        if self.status in _SENTENCES and not ours:
            why = _SENTENCES[self.status].format(path=self.scope["path"], method=self.scope["method"])
        else:
            why = _refusal(bytes(self.body)) or HTTPStatus(self.status).phrase
        response = error(self.status, why)
        # What was said of the body that is not sent would be wrong of this one.
        response.raw_headers += [header for header in self.headers if not header[0].startswith(b"content-")]
        await response(self.scope, self.receive, self.send)


def error(status: int, sentence: str) -> JSONResponse:
    """A failure in the one shape that all routes have."""
    return JSONResponse({"error": sentence}, status)


def sentence(faults: Iterable[Mapping[str, Any]]) -> str:
    """pydantic's list of faults as one sentence."""
    return "; ".join(_fault(fault) for fault in faults)


def _refusal(body: bytes) -> str | None:
    """What BentoML, or a route of ours, said in its own way as one sentence."""
    try:
        said = json.loads(body)
        return str(said["error"]) if set(said) == {"error"} else sentence(said["detail"])
    except (ValueError, KeyError, TypeError):
        return None


def _fault(fault: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "missing":
        return f"`{where}` is missing"
    if fault["type"] == "extra_forbidden":
        return f"`{where}` is not a known field"
    if fault["type"] == "json_invalid":
        return "the body is not JSON"
    message = fault["msg"][0].lower() + fault["msg"][1:]
    return f"`{where}`: {message}" if where else message


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


def guard_logs() -> None:
    """Put `Discreet` on every logger that sees a failed request."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, Discreet) for known in logger.filters):
            logger.addFilter(Discreet())
