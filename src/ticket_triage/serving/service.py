"""The BentoML service around an `Engine`; importing it loads no model."""

import asyncio
import gc
import logging
import sys
from collections.abc import Callable
from typing import cast

import bentoml
from bentoml.exceptions import ServiceUnavailable
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from ticket_triage.feedback import pseudonym as pseudonyms
from ticket_triage.feedback.decisions import DecisionLog
from ticket_triage.feedback.records import Decision
from ticket_triage.files import TriageError
from ticket_triage.schema import Prediction, Question, Ticket
from ticket_triage.serving import about, access, cache, logs, meters, openapi, routes, settings, traces, wire
from ticket_triage.serving.contract import Description, Readiness, TaxonomyDescription
from ticket_triage.serving.deadline import Deadline
from ticket_triage.serving.door import Door
from ticket_triage.serving.drain import Drain, Leaving
from ticket_triage.serving.engine import Engine
from ticket_triage.serving.gate import Gate
from ticket_triage.serving.predictor import Predictor
from ticket_triage.serving.quick import PATHS, Quick, answered
from ticket_triage.serving.refusals import NOT_KEPT, NOT_READY
from ticket_triage.serving.rollout import guard
from ticket_triage.serving.rollout.alert import Alerts
from ticket_triage.serving.rollout.holder import Rollout
from ticket_triage.serving.telemetry import Telemetry
from ticket_triage.serving.watch import Watch

logger = logging.getLogger("bentoml.ticket_triage")
given = settings.read()
logs.set_up(given.log)
SWITCH = 0.0005  # seconds
drain = Drain(given.drain)
_PLAIN = Question()
_current = bentoml.get_current_service  # looked up in a package of lazy modules, so once
gate = Gate(given.queue_seconds, given.bulk)


def _let_start() -> None:
    try:
        access.check(given.state, given.open)
    except TriageError as error:
        raise SystemExit(f"ticket-triage: {error}") from None


def _running() -> "TicketTriage":
    return cast("TicketTriage", _current())


def _rollout(predictor: Predictor, record: Callable[[Decision], None]) -> Rollout:
    rollout = Rollout(
        predictor,
        given.state,
        record,
        limits=guard.limits(given),
        challenger=given.challenger,
        alerts=Alerts(given.alert_url, given.registry),
        kept=given.versions_kept,
        queue=given.shadow_queue,
    )
    rollout.start()
    return rollout


class TicketTriage:
    """Category and priority of a support ticket, how sure that is, and where it goes."""

    # BentoML publishes no types.
    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    @staticmethod
    def _before_workers() -> None:
        settings.hand_down(given)
        _let_start()

    def __init__(self) -> None:
        logs.guard()
        wire.harden(given.body_seconds)
        _let_start()  # also where no process of BentoML stands above this one
        meters.share_folder(given.metrics or given.state / "metrics")
        self.meters = meters.Meters()
        self.telemetry = Telemetry(self.meters, traces.to(given.traces))
        self.cache: cache.Cache | None = None
        self.engine: Engine | None = None
        self.rollout: Rollout | None = None
        self.predictor: Predictor | None = None
        self.log: DecisionLog | None = None
        try:
            self.log = log = DecisionLog(
                given.state,
                given.database_url,
                given.retention_days,
                given.database_timeout,
            )
            pseudonym = pseudonyms.maker(given.state, given.salt)
            predictor = Predictor.load(given.model)
            self.faults = predictor.check()
        except TriageError as error:
            self.faults = [str(error)]
        except Exception as error:
            # Whatever keeps a model from proving itself keeps it from serving; dying would only restart it.
            logger.exception("the model cannot be tried")
            self.faults = [f"the model cannot be tried: {type(error).__name__}"]
        else:
            self.predictor = predictor
            if not self.faults:
                self.cache = cache.make(given.cache_answers, given.redis_url, given.cache_seconds)
                self.rollout = _rollout(predictor, self._shadowed)
                log.tell(self.rollout.corrected)
                self.engine = Engine(
                    self.rollout, log.append_line, self.cache, pseudonym, telemetry=self.telemetry
                )
        for fault in self.faults:
            logger.error("not ready: %s", fault)
        for name in ("predict_ticket", "predict"):
            # BentoML would bind them anew, reading their signatures, at each request.
            setattr(self, name, getattr(self, name))
        self.telemetry.pulse(self._look)
        # Each system call of a request lets go of the interpreter, which the thread that stores decisions would then
        # keep for 5 ms.
        sys.setswitchinterval(SWITCH)
        # What is here stays: the collector would go through all of it again and again, for tenths of a second.
        gc.collect()
        gc.freeze()

    def _shadowed(self, decision: Decision) -> None:
        if self.log is not None:
            self.log.append(decision)
        self.telemetry.decided(decision)

    @bentoml.api(route="/predict-ticket")  # type: ignore[untyped-decorator]
    async def predict_ticket(self, ticket: Ticket, /, context: bentoml.Context) -> Prediction:
        """Category, priority, decision and reasons for one ticket; `?explain=full` leaves out each word in turn."""
        return await self._predict(ticket, context)

    @bentoml.api(route="/predict")  # type: ignore[untyped-decorator]
    async def predict(self, ticket: Ticket, /, context: bentoml.Context) -> Prediction:
        """The same as /predict-ticket."""
        return await self._predict(ticket, context)

    async def _predict(self, ticket: Ticket, context: bentoml.Context) -> Prediction:
        if self.engine is None:
            raise ServiceUnavailable(NOT_READY)
        query = context.request.scope["query_string"]
        question = Question.model_validate(dict(context.request.query_params)) if query else _PLAIN
        caller = access.caller(context.request.scope)
        try:
            if question.explain == "full":  # a prediction for each word: others go on beside it
                answer = await asyncio.to_thread(self.engine.predict, ticket, question.explain, caller)
            else:
                answer = await answered(self.engine, gate, ticket, caller)
        except TriageError as error:
            raise ServiceUnavailable(NOT_KEPT) from error
        # As it is sent: BentoML would check, copy and write it as JSON once more.
        return cast(Prediction, Response(answer, media_type="application/json"))

    def describe(self) -> Description:
        """What answers here, what it can say, what it was worth, and what keeps it from being ready."""
        return about.describe(self._answering, self.faults)

    def taxonomy(self) -> TaxonomyDescription | None:
        """The labels that can be given, and to whom they go; None where no model could be loaded."""
        return about.taxonomy(self._answering) if self._answering else None

    @property
    def _answering(self) -> Predictor | None:
        return self.engine.rollout.champion if self.engine else self.predictor

    def state(self) -> Readiness:
        """Whether it answers, and what behind it does not work or waits."""
        breakers = dict(self.cache.state()) if isinstance(self.cache, cache.Shared) else {}
        spool = {}
        if self.log is not None:
            log = self.log.state()
            breakers["database"] = log["breaker"]
            spool = {"records": log["waiting"], "bytes": log["bytes"], "rejected": log["rejected"]}
        return Readiness(
            ready=self.engine is not None and not drain.leaving,
            degraded=tuple(sorted(name for name, state in breakers.items() if state != "closed")),
            breakers=breakers,
            spool=spool,
        )

    def _look(self) -> None:
        state = self.state()
        self.meters.state(state.breakers, state.spool, self.rollout.refs() if self.rollout else ())
        if self.rollout:
            plan = self.rollout.now.plan
            self.meters.rollout(plan.mode, plan.share, **self.rollout.counted())

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    async def _take_signals(self) -> None:
        drain.take()

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    def close(self) -> None:
        """Store and send what is left, as far as that goes."""
        if self.rollout is not None:
            self.rollout.close()
        if self.log is not None:
            self.log.close()
        if self.rollout is not None:
            self.rollout.leave()  # overrides are counted when their corrections are stored
        if isinstance(self.cache, cache.Shared):
            self.cache.close()
        self.telemetry.close()


# Of BentoML only its two routes are used: its figures have a series for each path that anybody asks for, its log lines
# another form.
wire.slim()
service = bentoml.service(
    name="ticket-triage",
    workers=given.workers,
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)(TicketTriage)
service.add_asgi_middleware(Leaving, drain=drain)
service.add_asgi_middleware(Watch, telemetry=lambda: _running().telemetry, paths=openapi.paths())
if given.origins:
    service.add_asgi_middleware(
        CORSMiddleware,
        allow_origins=given.origins,
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", "x-api-key", "x-request-id"],
    )
service.add_asgi_middleware(access.Access, state=given.state, open_=given.open, workers=given.workers)
service.add_asgi_middleware(
    Door,
    limit=given.body_limit,
    limits={"/predict/batch": given.batch_limit, "/predict/stream": None},
    queued=PATHS,
    gate=gate,
    seconds=given.body_seconds,
    held=given.body_room,
)
ours = Deadline(routes.make(_running, given.batch_tickets), given.timeout)
service.add_asgi_middleware(routes.Beside, ours=ours)
service.add_asgi_middleware(Quick, running=_running, gate=gate)
service.add_asgi_middleware(Deadline, seconds=given.timeout)
