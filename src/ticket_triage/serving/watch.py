"""Each request as it comes and goes, for the telemetry."""

import re
import uuid
from asyncio import CancelledError
from collections.abc import Callable, Iterable
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticket_triage import text
from ticket_triage.serving.telemetry import Request, Telemetry, current

_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


class Watch:
    """ASGI middleware: gives each request its id, and tells `Telemetry` how it went.

    The id is the caller's `X-Request-ID` if it can be one and holds no personal data, else a new one; it is sent back.

    Args:
        telemetry: called at the first request, when the server's process is the one that answers.
        paths: templates of all routes, such as /predictions/{id}; requests to others are of the route `other`.
    """

    def __init__(self, app: ASGIApp, telemetry: Callable[[], Telemetry], paths: Iterable[str]) -> None:
        self.app = app
        self.telemetry = telemetry
        self.plain = {path for path in paths if "{" not in path}
        self.patterns = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in paths if "{" in path
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        telemetry = self.telemetry()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request(_request_id(headers.get("x-request-id")))
        route = self._route(scope["path"])
        method = scope["method"] if scope["method"] in ("GET", "POST", "HEAD", "OPTIONS") else "other"
        token = current.set(request)
        status, shed = 0, False

        async def sending(message: Message) -> None:
            nonlocal status, shed
            if message["type"] == "http.response.start":
                status = message["status"]
                # What is not ready does not say when it will be; what is full does.
                shed = status == 503 and any(name == b"retry-after" for name, _ in message["headers"])
                message = {
                    **message,
                    "headers": [*message["headers"], (b"x-request-id", request.id.encode())],
                }
            await send(message)

        telemetry.entered()
        with telemetry.traces.request(f"{method} {route}", headers) as span:
            try:
                await self.app(scope, receive, sending)
            except CancelledError:
                status = status or 503  # the server ends
                raise
            finally:
                seconds = perf_counter() - started
                telemetry.answered(request, route, method, status or 500, seconds, shed)
                telemetry.traces.ended(span, status or 500, request_id=request.id, **{"http.route": route})
                current.reset(token)

    def _route(self, path: str) -> str:
        if path in self.plain:
            return path
        return next((route for pattern, route in self.patterns if pattern.fullmatch(path)), "other")


def _request_id(given: str | None) -> str:
    if given and _SANE.fullmatch(given) and text.mask(given) == given:
        return given
    return uuid.uuid4().hex
