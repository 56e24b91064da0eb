"""How a failure is told: one sentence, in one shape, for all routes."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from ticket_triage.serving.failures import ERRORS

NOT_KEPT = "it could not be kept, so it is not done; the log says why"
NO_DATABASE = "the database does not answer; what it holds can be read again later"
NOT_READY, FAILED = ERRORS[503][1], ERRORS[500][1]
UNAVAILABLE = (NOT_KEPT, NO_DATABASE)

_SENTENCES = {
    404: "there is no {path} here",
    405: "{method} is not allowed on {path}",
    500: FAILED,
    503: NOT_READY,
    504: ERRORS[504][1],
}


class Sender:
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
            why = _SENTENCES[self.status].format(path=self.scope["path"][:100], method=self.scope["method"])
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
    where = ".".join(str(part)[:64] for part in fault["loc"])
    if fault["type"] == "missing":
        return f"`{where}` is missing"
    if fault["type"] == "extra_forbidden":
        return f"`{where}` is not a known field"
    if fault["type"] == "json_invalid":
        return "the body is not JSON"
    message = fault["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    return f"`{where}`: {message}" if where else message
