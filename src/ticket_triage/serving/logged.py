"""The routes of what was decided: read it, correct it, make it again."""

import asyncio
import json
import re
import uuid
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ticket_triage.feedback.decisions import DecisionLog
from ticket_triage.feedback.records import ID, Correction, Decision, Feedback
from ticket_triage.files import TriageError
from ticket_triage.schema import PRIORITIES, Explain
from ticket_triage.serving.access import caller
from ticket_triage.serving.engine import Engine
from ticket_triage.serving.predictor import Predictor, as_seen
from ticket_triage.serving.refusals import NO_DATABASE, NOT_KEPT, NOT_READY, error, sentence

ASKING = 8  # requests that may wait for the database at once; others wait for these


class Running(Protocol):
    """The service that is behind the routes."""

    engine: Engine | None  # None: it is not ready
    log: DecisionLog | None


def routes(running: Callable[[], Running]) -> list[Route]:
    """Feedback, decisions and replay, of the service of this process."""
    # A database that hangs must hold up nothing else: not the threads in which the figures are read.
    asking = ThreadPoolExecutor(ASKING, "asking")

    async def feedback(request: Request) -> Response:
        engine, log = running().engine, running().log
        if engine is None or log is None:
            return _not_ready()
        try:
            given = Feedback.model_validate_json(await request.body())
        except ValidationError as fault:
            return error(400, sentence(fault.errors()))
        said = partial(_correct, engine, log, given, caller(request.scope))
        return await asyncio.get_running_loop().run_in_executor(asking, said)

    async def decided(request: Request) -> Response:
        if (log := running().log) is None:
            return _not_ready()
        return await _of(request, asking, _tell, log)

    async def replay(request: Request) -> Response:
        engine, log = running().engine, running().log
        if engine is None or log is None:
            return _not_ready()
        return await _of(request, asking, _replay, engine, log)

    return [
        Route("/feedback", feedback, methods=["POST"]),
        Route("/predictions/{id}", decided),
        Route("/replay/{id}", replay, methods=["POST"]),
    ]


async def _of(request: Request, asking: Executor, tell: Callable[..., Response], *given: Any) -> Response:
    prediction_id = request.path_params["id"]
    if not re.fullmatch(ID, prediction_id):
        return (
            _unknown()
        )  # unasked: a database that is given what no text may hold would be taken for a broken one
    return await asyncio.get_running_loop().run_in_executor(asking, partial(tell, *given, prediction_id))


def _correct(engine: Engine, log: DecisionLog, given: Feedback, caller: str | None) -> Response:
    try:
        if (told := log.told(given.prediction_id)) is None:
            return _unknown()
    except TriageError:
        # The database is dead: what a person said is kept all the same.
        decision, status = None, 202
    else:
        decision, status = told.decision, 201
    predictor = (decision and engine.rollout.predictor(decision.model)) or engine.rollout.champion
    if wrong := _wrong(given, predictor):
        return error(422, wrong)
    correction = Correction(
        correction_id=uuid.uuid4().hex,
        prediction_id=given.prediction_id,
        at=datetime.now(UTC),
        category=given.category,
        priority=given.priority,
        by=_plain(given.by) or caller,
        note=_plain(given.note),
    )
    try:
        log.append(correction)
    except TriageError:
        return error(503, NOT_KEPT)
    return JSONResponse(correction.model_dump(mode="json"), status)


def _wrong(given: Feedback, predictor: Predictor) -> str | None:
    for task, said, labels in (
        ("category", given.category, predictor.model.taxonomy.labels),
        ("priority", given.priority, PRIORITIES),
    ):
        if said is not None and said not in labels:
            return f"`{task}` is one of {', '.join(labels)}"
    return None


def _plain(said: str | None) -> str | None:
    from ticket_triage import text  # as in `predictor.masked`

    return None if said is None else text.mask(said.replace("\x00", ""))


def _tell(log: DecisionLog, prediction_id: str) -> Response:
    try:
        if (told := log.told(prediction_id)) is None:
            return _unknown()
    except TriageError:
        return error(503, NO_DATABASE)
    decision = told.decision
    return JSONResponse(
        {
            **decision.model_dump(mode="json", exclude={"answer", "customer", "model", "latency_ms"}),
            "prediction": _given(decision),
            "corrections": [
                one.model_dump(mode="json", exclude={"prediction_id"}) for one in told.corrections
            ],
            "stored": told.stored,
        }
    )


def _given(decision: Decision) -> dict[str, Any]:
    """The prediction as it was answered."""
    return {
        "prediction_id": decision.prediction_id,
        "model": decision.model.model_dump(),
        **decision.answer,
        "latency_ms": decision.latency_ms,
    }


def _replay(engine: Engine, log: DecisionLog, prediction_id: str) -> Response:
    try:
        decision = log.read(prediction_id)
    except TriageError:
        return error(503, NO_DATABASE)
    if decision is None:
        return _unknown()
    model = decision.model
    if (predictor := engine.rollout.predictor(model)) is None:
        return error(410, f"version {model.version} of {model.name} is not loaded here any more")
    explain: Explain = "short" if decision.answer["effects"] is None else "full"
    again = predictor.answer(as_seen(decision.ticket), explain)
    differs = [name for name in again if _bytes(again[name]) != _bytes(decision.answer.get(name))]
    return JSONResponse(
        {
            "prediction_id": prediction_id,
            "model": model.model_dump(),
            "same": not differs,
            "differs": differs,
            "answer": again,
        }
    )


def _bytes(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _unknown() -> Response:
    return error(404, "there is no prediction of that id")


def _not_ready() -> Response:
    return error(503, NOT_READY)
