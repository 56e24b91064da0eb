"""What uvicorn and BentoML do around a request: mended here, since BentoML has no setting for any of it."""

import asyncio
import json
from typing import Any

BAD_REQUEST = json.dumps({"error": "this is not HTTP/1.1 as RFC 9112 has it"}).encode()
_HEAD = (
    "HTTP/1.1 400 Bad Request",
    "content-type: application/json",
    "content-length: %d",
    "connection: close",
    "",
    "%b",
)
_ANSWER = "\r\n".join(_HEAD).encode()


def slim() -> None:
    """Take out of BentoML's server two middlewares that are not used and take a third of an answer from memory.

    Its limit of time makes each request a task and a timer that nobody takes back (ours is `Deadline`), its tracing
    looks at each address only to leave it alone. To be called before the server makes its app.
    """
    from bentoml._internal.server.http import traffic
    from opentelemetry.instrumentation import asgi

    def nothing(app: Any, **_: Any) -> Any:
        return app

    for module, name in ((traffic, "TimeoutMiddleware"), (asgi, "OpenTelemetryMiddleware")):
        getattr(module, name)  # raises if a release calls it otherwise: it must not come back unseen
        setattr(module, name, nothing)


def harden(seconds: float) -> None:
    """Make every connection of this process end where a request's head is not whole after `seconds`.

    And what is no HTTP is answered in the shape of all errors. May be called again; the last time holds.
    """
    from uvicorn.protocols.http import h11_impl

    protocols: list[Any] = [h11_impl.H11Protocol]
    try:
        from uvicorn.protocols.http import httptools_impl
    except ImportError:  # the faster parser is not in the serving environment
        pass
    else:
        protocols.append(httptools_impl.HttpToolsProtocol)
    for protocol in protocols:
        _harden(protocol, seconds)


def _harden(protocol: Any, seconds: float) -> None:
    made = getattr(protocol.connection_made, "inner", protocol.connection_made)
    received = getattr(protocol.data_received, "inner", protocol.data_received)

    def connection_made(self: Any, transport: asyncio.Transport) -> None:
        made(self, transport)
        self.head_timer = asyncio.get_running_loop().call_later(seconds, _late, self)

    def data_received(self: Any, data: bytes) -> None:
        received(self, data)
        if not _between_requests(self):
            if self.head_timer is not None:
                self.head_timer.cancel()
                self.head_timer = None
        elif self.head_timer is None:
            self.head_timer = asyncio.get_running_loop().call_later(seconds, _late, self)

    def send_400_response(self: Any, _: str) -> None:
        self.transport.write(_ANSWER % (len(BAD_REQUEST), BAD_REQUEST))
        self.transport.close()

    connection_made.inner = made  # type: ignore[attr-defined]
    data_received.inner = received  # type: ignore[attr-defined]
    protocol.connection_made, protocol.data_received = connection_made, data_received
    protocol.send_400_response = send_400_response


def _between_requests(connection: Any) -> bool:
    return connection.cycle is None or connection.cycle.response_complete


def _late(connection: Any) -> None:
    connection.head_timer = None
    if _between_requests(connection):
        connection.transport.close()
