"""The short way of a ticket to its answer."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

from pydantic import ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from ticket_triage.files import TriageError
from ticket_triage.schema import Ticket
from ticket_triage.serving import access
from ticket_triage.serving.door import replay
from ticket_triage.serving.engine import Engine
from ticket_triage.serving.gate import Gate
from ticket_triage.serving.refusals import NOT_KEPT, error

logger = logging.getLogger("bentoml.serve")  # guarded: an exception may hold words of a ticket
PATHS = ("/predict-ticket", "/predict")  # of one ticket


async def answered(engine: Engine, gate: Gate, ticket: Ticket, caller: str | None) -> bytes:
    """The answer to a ticket as JSON: at once if it is known, else in its turn.

    Not in a thread: Python answers one ticket at a time in any case, and handing it over only costs.
    """
    asked = engine.ask(ticket)
    if asked.known is not None:
        return engine.answer(asked, caller)
    async with gate.turn():
        return engine.answer(asked, caller)


class Running(Protocol):
    """The service that is behind the routes."""

    engine: Engine | None  # None: it is not ready


class Quick:
    """ASGI middleware: answers a ticket that comes without a query as BentoML's route would, without what BentoML
    does around a route, which takes as long as an answer from memory.

    Whatever else comes, and every ticket that is not as described, goes on to BentoML. It lies behind the `Door`, which
    has read the body.
    """

    def __init__(self, app: ASGIApp, running: Callable[[], Running], gate: Gate) -> None:
        self.app = app
        self.running = running
        self.gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        quick = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in PATHS
        if not quick or scope["query_string"] or (engine := self.running().engine) is None:
            await self.app(scope, receive, send)
            return
        body = (await receive())["body"]
        try:
            ticket = Ticket.model_validate_json(body)
        except ValidationError:
            await self.app(scope, replay(body, receive), send)
            return
        try:
            answer = await answered(engine, self.gate, ticket, access.caller(scope))
        except Exception as fault:  # as BentoML does; the door says it in a sentence
            logger.exception("no answer")
            full = isinstance(fault, TriageError)  # it could not be recorded
            refusal = error(503, NOT_KEPT) if full else error(500, HTTPStatus.INTERNAL_SERVER_ERROR.phrase)
            await refusal(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})
