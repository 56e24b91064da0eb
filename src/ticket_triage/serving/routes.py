"""The routes that BentoML does not make itself: pages, batches, streams, what was decided and corrected."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ticket_triage.files import TriageError
from ticket_triage.schema import Ticket
from ticket_triage.serving import access, bodies, logged, openapi
from ticket_triage.serving.contract import Alive, Description, Readiness, TaxonomyDescription
from ticket_triage.serving.engine import Engine
from ticket_triage.serving.limits import Bucket
from ticket_triage.serving.meters import Meters
from ticket_triage.serving.quick import PATHS
from ticket_triage.serving.refusals import FAILED, NOT_KEPT, NOT_READY, error, sentence

logger = logging.getLogger("bentoml.serve")  # guarded: an exception may hold words of a ticket
LINE = 64 * 1024  # bytes of a line of a stream, at most


class Running(logged.Running, Protocol):
    """The service that is behind the routes."""

    meters: Meters

    def describe(self) -> Description:
        """What answers here, what it can say, what it was worth, and what keeps it from being ready."""
        ...

    def taxonomy(self) -> TaxonomyDescription | None:
        """The labels that can be given, and to whom they go; None where no model could be loaded."""
        ...

    def state(self) -> Readiness:
        """Whether it answers, and what behind it does not work or waits."""
        ...


class Beside:
    """ASGI middleware: what is neither a single ticket nor BentoML's static files is answered by `ours`.

    BentoML has other routes of its own, which nobody asked for.
    """

    def __init__(self, app: ASGIApp, ours: ASGIApp) -> None:
        self.app = app
        self.ours = ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        native = scope["type"] != "http" or scope["path"] in PATHS or scope["path"].startswith(access.STATIC)
        await (self.app if native else self.ours)(scope, receive, send)


def make(running: Callable[[], Running], batch_tickets: int) -> Starlette:
    """The app beside BentoML's own routes.

    Args:
        running: the service of this process, which exists once it has started.
        batch_tickets: how many tickets a batch may hold.
    """

    async def page(_: Request) -> Response:
        return HTMLResponse(openapi.PAGE)

    async def document(_: Request) -> Response:
        return Response(_document(running().describe().version or "none"), media_type="application/json")

    async def model(_: Request) -> Response:
        return _json(running().describe())

    async def taxonomy(_: Request) -> Response:
        return _json(found) if (found := running().taxonomy()) else error(503, NOT_READY)

    async def rollout(_: Request) -> Response:
        if (engine := running().engine) is None:
            return error(503, NOT_READY)
        return JSONResponse(await asyncio.to_thread(engine.rollout.state))  # reads the other workers' files

    async def metrics(_: Request) -> Response:
        text, kind = await asyncio.to_thread(running().meters.text)
        return Response(text, media_type=kind)

    async def alive(_: Request) -> Response:
        return _json(Alive())

    async def ready(_: Request) -> Response:
        state = running().state()
        return _json(state) if state.ready else error(503, NOT_READY)

    async def batch(request: Request) -> Response:
        if (engine := running().engine) is None:
            return error(503, NOT_READY)
        given = json.loads(await request.body() or b"{}")  # JSON, as the door has seen
        tickets = given.get("tickets") if isinstance(given, dict) and len(given) == 1 else None
        if not isinstance(tickets, list):
            return error(400, 'the body must be {"tickets": [...]}')
        if not 0 < len(tickets) <= batch_tickets:
            return error(400, f"`tickets` must hold 1 to {batch_tickets} tickets; more go to /predict/stream")
        more = len(tickets) - 1  # one was taken at the door
        if more and (bucket := access.bucket(request.scope)) and (seconds := bucket.lend(more)):
            return access.spent(seconds)
        caller = access.caller(request.scope)
        results = []
        for ticket in tickets:
            if await request.is_disconnected():
                break  # nobody is left to be told
            results.append(await _one(engine, ticket, caller))
        return Response(b'{"results":[%b]}' % b",".join(results), media_type="application/json")

    async def stream(request: Request) -> Response:
        if (engine := running().engine) is None:
            return error(503, NOT_READY)
        return _Both(
            _answers(engine, request.stream(), access.caller(request.scope), access.bucket(request.scope)),
            media_type="application/x-ndjson",
        )

    return Starlette(
        routes=[
            Route("/", page),
            Route("/docs.json", document),
            Route("/model", model),
            Route("/taxonomy", taxonomy),
            Route("/rollout", rollout),
            Route("/metrics", metrics),
            Route("/livez", alive),
            Route("/healthz", alive),
            Route("/readyz", ready),
            *logged.routes(running),
            Route("/predict/batch", batch, methods=["POST"]),
            Route("/predict/stream", stream, methods=["POST"]),
        ]
    )


@lru_cache(maxsize=4)
def _document(version: str) -> bytes:
    """Made once: it takes as long as two tickets, and anybody may ask for it."""
    return json.dumps(openapi.document(version), ensure_ascii=False).encode()


def _json(body: BaseModel) -> Response:
    return Response(body.model_dump_json(), media_type="application/json")


class _Both(StreamingResponse):
    """Answers while the request is still being read: Starlette's would listen for its end, and so take the body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientDisconnect):  # nobody is left to be told
            await self.stream_response(send)


async def _answers(
    engine: Engine, chunks: AsyncIterator[bytes], caller: str | None, bucket: Bucket | None = None
) -> AsyncIterator[bytes]:
    """A line for each line, in their order, no faster than the caller's rate; a chunk and a line in memory at most."""
    paid = True  # the first, as the request
    async for line in _lines(chunks):
        while not paid and bucket and (seconds := bucket.take()):
            await asyncio.sleep(seconds)
        paid = False
        if line is None:
            yield _failure(f"the line is longer than {LINE} bytes") + b"\n"
        else:
            yield await _line(engine, line, caller) + b"\n"


async def _line(engine: Engine, line: bytes, caller: str | None) -> bytes:
    try:
        ticket = bodies.parse(line, "the line")
    except bodies.BodyError as fault:
        return _failure(str(fault))
    return await _one(engine, ticket, caller)


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes | None]:
    """Lines that are not blank; None for one that is too long."""
    held, skipping = bytearray(), False
    async for chunk in chunks:
        *whole, rest = (bytes(held) + chunk).split(b"\n")
        for line in whole:
            if skipping or len(line) > LINE:
                skipping = False
                yield None
            elif line.strip():
                yield line
        held = bytearray(rest)
        if len(held) > LINE:
            held.clear()
            skipping = True
    if skipping:
        yield None
    elif held.strip():
        yield bytes(held)


async def _one(engine: Engine, given: Any, caller: str | None) -> bytes:
    await asyncio.sleep(0)  # others may go first: no ticket waits for more than one other
    try:
        ticket = Ticket.model_validate(given)
    except ValidationError as fault:
        return _failure(sentence(fault.errors()))
    try:
        return engine.predict(ticket, caller=caller)
    except TriageError:
        return _failure(NOT_KEPT)
    except Exception:  # of this ticket alone: the others have their answers
        logger.exception("no answer")
        return _failure(FAILED)


def _failure(why: str) -> bytes:
    """What stands in the place of a ticket's answer."""
    return json.dumps({"error": why}, ensure_ascii=False).encode()
