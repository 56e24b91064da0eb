"""Between the network and the service: what is no request is refused, in one shape, without customers' words."""

import asyncio
from collections.abc import Container, Mapping

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticket_triage.serving import bodies
from ticket_triage.serving.gate import Gate
from ticket_triage.serving.refusals import Sender, error

SLOWEST = 64 * 1024  # bytes a second of a body, once its first seconds are over
AGAIN = "1"  # second until a request that was turned away may be tried again: the queue is gone by then


class Door:
    """ASGI middleware: any failure is `{"error": sentence}`, and only a body that can be a ticket comes in.

    Args:
        limit: bytes of a body.
        limits: bytes for paths that take more; None for one whose body is JSON lines, read as it comes.
        queued: paths whose requests for one ticket wait in the gate's queue.
        gate: turns requests away where the queue is too long; None lets all in.
        seconds: in which a body must be there, more for a large one; and the longest pause in a stream.
        held: bytes of bodies at once, of all requests.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit: int,
        limits: Mapping[str, int | None] | None = None,
        queued: Container[str] = (),
        gate: Gate | None = None,
        seconds: float = 10,
        held: int = 64 * 1024 * 1024,
    ) -> None:
        self.app = app
        self.limit = limit
        self.limits = limits or {}
        self.queued = queued
        self.gate = gate
        self.seconds = seconds
        self.room = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["method"] != "POST":
            await self.app(scope, receive, Sender(scope, receive, send))
        else:
            await self._post(scope, receive, send)

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        limit = self.limits.get(path, self.limit)
        queued = path in self.queued
        # A prediction for each word is as much as a small batch.
        bulk = path in self.limits or (queued and b"explain=full" in scope["query_string"])
        counted = self.gate if bulk or queued else None
        if refusal := _head_fault(Headers(scope=scope), limit) or self._full(counted, bulk):
            await refusal(scope, receive, send)
            return
        body = bytearray()
        try:
            if limit is None:
                receive = self._patient(receive)
            elif (
                refusal := await self._read(body, receive, limit)
                or _body_fault(body)
                or self._full(counted, bulk)
            ):
                await refusal(scope, receive, send)
                return
            else:
                receive = replay(bytes(body), receive)
            if counted is None:
                await self.app(scope, receive, Sender(scope, receive, send))
                return
            counted.enter(bulk)
            try:
                await self.app(scope, receive, Sender(scope, receive, send))
            finally:
                counted.leave(bulk)
        finally:
            self.room += len(body)

    def _full(self, gate: Gate | None, bulk: bool) -> JSONResponse | None:
        if gate is None or not gate.full(bulk):
            return None
        return _later("more is asked than can be answered in time: try again in a second")

    async def _read(self, body: bytearray, receive: Receive, limit: int) -> JSONResponse | None:
        """Fill `body`, for which room is taken; what is wrong with it."""
        started = asyncio.get_running_loop().time()
        while True:
            try:
                async with asyncio.timeout_at(started + self.seconds + len(body) / SLOWEST):
                    message = await receive()
            except TimeoutError:
                return _closing(error(408, f"the body was not there after {self.seconds:g} seconds"))
            part = message.get("body", b"")
            body += part
            self.room -= len(part)
            if len(body) > limit:
                return _closing(_too_large(limit))
            if self.room < 0:
                return _closing(_later("too many bodies are being read: try again in a second"))
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return None

    def _patient(self, receive: Receive) -> Receive:
        """A stream that pauses too long has ended."""

        async def until() -> Message:
            try:
                async with asyncio.timeout(self.seconds):
                    return await receive()
            except TimeoutError:
                return {"type": "http.disconnect"}

        return until


def _head_fault(headers: Headers, limit: int | None) -> JSONResponse | None:
    kind, _, charset = headers.get("content-type", "application/json").partition(";")
    kind, charset = kind.strip().lower(), charset.partition("charset=")[2].strip(' ";').lower()
    if limit is not None and kind != "application/json":
        return error(415, "the body must be application/json")
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        return error(415, "the body must be UTF-8")
    if headers.get("content-encoding", "identity").lower() != "identity":
        return error(415, "the body must not be compressed")
    length = headers.get("content-length")
    if length is not None and "transfer-encoding" in headers:
        # Who stands between might have read the one, and the other is somebody else's request (RFC 9112, 6.3).
        return _closing(error(400, "a body has Content-Length or Transfer-Encoding, not both"))
    if (
        limit is not None and length is not None and (len(length) > 18 or int(length) > limit)
    ):  # digits, says uvicorn
        return _closing(_too_large(limit))
    return None


def _body_fault(body: bytearray) -> JSONResponse | None:
    try:
        bodies.parse(bytes(body) or b"{}")  # without a body, what is missing is told
    except bodies.BodyError as fault:
        return error(400, str(fault))
    return None


def _too_large(limit: int) -> JSONResponse:
    return error(413, f"the body is larger than {limit} bytes")


def _later(why: str) -> JSONResponse:
    refusal = error(503, why)
    refusal.headers["retry-after"] = AGAIN
    return refusal


def _closing(response: JSONResponse) -> JSONResponse:
    """What is left of the body will not be read as another request."""
    response.headers["connection"] = "close"
    return response


def replay(body: bytes, receive: Receive) -> Receive:
    """Receive a body that was read once more, and after it what comes then."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again
