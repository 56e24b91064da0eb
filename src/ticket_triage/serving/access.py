"""Who may ask for what: API keys, a rate for each, and headers that keep browsers from doing harm."""

import ipaddress
import logging
import math
from pathlib import Path

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticket_triage.files import TriageError
from ticket_triage.serving.api_keys import FILE, KeyRing, Role, may, read
from ticket_triage.serving.limits import Bucket, Limits
from ticket_triage.serving.refusals import error

logger = logging.getLogger("bentoml.ticket_triage")

# What a probe, a scraper and a reader of the documentation need: none of it holds a word or a name of a customer.
OPEN = frozenset({"/", "/livez", "/healthz", "/readyz", "/metrics", "/docs.json"})
READING = ("GET", "HEAD", "OPTIONS")  # what has no body; of a stranger's none is read, on no path
STATIC = "/static_content/"
NO_SOCKETS = 1008  # RFC 6455, 7.4.1; before the handshake it becomes 403
NEEDED: dict[str, Role] = {  # by the first part of the path
    **dict.fromkeys(("predict-ticket", "predict", "model", "taxonomy"), "predict"),
    **dict.fromkeys(("feedback", "predictions", "replay"), "review"),
}
OTHERS: Role = "admin"  # a route that nobody thought of here is closed

_PAGE = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
HEADERS_OF_THE_PAGE = {**HEADERS, "content-security-policy": f"{_PAGE}; frame-ancestors 'none'"}

_RAW = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
_RAW_OF_THE_PAGE = [(name.encode(), value.encode()) for name, value in HEADERS_OF_THE_PAGE.items()]


def role(path: str) -> Role | None:
    """The role that a path asks for; None if it is open."""
    if path in OPEN or path.startswith(STATIC):
        return None
    return NEEDED.get(path.removeprefix("/").partition("/")[0], OTHERS)


def caller(scope: Scope) -> str | None:
    """The name of the key that a request was let in by; None where none was asked for."""
    name: str | None = scope.get("state", {}).get("caller")
    return name


def bucket(scope: Scope) -> Bucket | None:
    """What the tickets of a request count against beyond its first; None where no key was asked for."""
    found: Bucket | None = scope.get("state", {}).get("bucket")
    return found


def spent(seconds: float) -> JSONResponse:
    """What is said to a key whose rate is spent for so long."""
    whole = math.ceil(seconds)
    refusal = error(429, f"this key's rate is spent: try again in {whole} s")
    refusal.headers["retry-after"] = str(whole)
    return refusal


def check(state: Path, open_: bool) -> None:
    """Let a service start only if it asks who its callers are, or was told not to.

    Raises:
        TriageError: there is no valid key, or the file of keys is damaged.
    """
    if open_ or any(key.revoked_at is None for key in read(Path(state) / FILE)):
        return
    raise TriageError(
        f"there is no API key in {Path(state).absolute() / FILE}, so nobody could ask anything: make one with "
        "`ticket-triage keys add`, or set TICKET_TRIAGE_OPEN=1 to let everyone on this machine in"
    )


class Access:
    """ASGI middleware: lets a request in by its key, and puts the key's name and bucket into the scope's state.

    It stands before the door, so that of a stranger's body not a byte is read.

    Args:
        state: folder of the file of keys.
        open_: let everyone in who is on this machine; a key that is known is still named.
        workers: processes that share the rates.
    """

    def __init__(self, app: ASGIApp, state: Path, open_: bool = False, workers: int = 1) -> None:
        self.app = app
        self.open = open_
        self.ring = KeyRing(Path(state) / FILE)
        self.limits = Limits(workers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # there are none
            await send({"type": "websocket.close", "code": NO_SOCKETS})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = _RAW_OF_THE_PAGE if scope["path"] == "/" else _RAW

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = list(message["headers"])
                known = {name for name, _ in sent}
                message = {**message, "headers": sent + [one for one in headers if one[0] not in known]}
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self.app)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        needed = role(scope["path"])
        if needed is None:
            return None if scope["method"] in READING else _not_allowed(scope)
        given = _given(scope)
        holder = self.ring.holder(given) if given else None
        if holder is None:
            if self.open and not given:
                return (
                    None if _is_local(scope) else _forbidden("this service is open to its own machine alone")
                )
            return _unknown(given is not None)
        if not may(holder.role, needed):
            return _forbidden(f"the key may not do this: it needs the role {needed}, and has {holder.role}")
        bucket = self.limits.bucket(holder.name, holder.rate)
        if seconds := bucket.take():
            return spent(seconds)
        scope.setdefault("state", {}).update(caller=holder.name, bucket=bucket)
        return None


def _given(scope: Scope) -> str | None:
    """The key of a request, of whichever header has one."""
    headers = {name: value.decode("latin-1").strip() for name, value in scope["headers"]}
    scheme, _, token = headers.get(b"authorization", "").partition(" ")
    return (token.strip() if scheme.lower() == "bearer" else "") or headers.get(b"x-api-key") or None


def _is_local(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        return client is None or ipaddress.ip_address(client[0]).is_loopback  # no address: a socket's file
    except ValueError:
        return False


def _unknown(given: bool) -> ASGIApp:
    why = (
        "this key is not valid"
        if given
        else "a key is needed: Authorization: Bearer <key>, or X-API-Key: <key>"
    )
    refusal = error(401, why)
    refusal.headers["www-authenticate"] = 'Bearer realm="ticket-triage"' + (
        ', error="invalid_token"' if given else ""
    )
    return refusal


def _not_allowed(scope: Scope) -> ASGIApp:
    refusal = error(405, f"{scope['method']} is not allowed on {scope['path'][:100]}")
    refusal.headers["allow"] = "GET, HEAD"
    return refusal


def _forbidden(why: str) -> ASGIApp:
    return error(403, why)
