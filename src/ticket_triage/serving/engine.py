"""What happens to a ticket between the door and its answer."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from pydantic_core import to_json

from ticket_triage.feedback.records import Decision, decision_line
from ticket_triage.schema import Explain, Ticket
from ticket_triage.serving.cache import Cache
from ticket_triage.serving.predictor import Predictor, as_logged, masked
from ticket_triage.serving.rollout.turns import Fixed, Turn
from ticket_triage.serving.said import Said
from ticket_triage.serving.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Asked:
    """A ticket that was read, and who answers it.

    Attributes:
        seen: what the model is given; `logged`: the same as JSON values, and `json`: as JSON.
        known: the answer, where it is in this process's memory.
        took: seconds until here.
    """

    prediction_id: str
    customer: str | None
    seen: dict[str, Any]
    logged: dict[str, Any]
    json: bytes
    explain: Explain
    turn: Turn
    known: Said | None
    took: float


class Engine:
    """Answers tickets: chooses who answers, looks whether it was answered before, and records what was said.

    Plain Python, everything handed in; safe on one event loop, and in threads beside it.

    Args:
        rollout: who answers.
        record: keeps a line of the decision log before its answer leaves, or raises.
        cache: answers by a hash of what the model sees; None keeps none.
        pseudonym: what stands for a customer in the log.
        telemetry: told of each answer.
    """

    def __init__(
        self,
        rollout: Fixed,
        record: Callable[[bytes], None],
        cache: Cache | None = None,
        pseudonym: Callable[[str], str] | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        self.rollout = rollout
        self.record = record
        self.cache = cache
        self.pseudonym = pseudonym
        self.telemetry = telemetry or Telemetry()

    def predict(
        self,
        ticket: Ticket,
        explain: Explain = "short",
        caller: str | None = None,
        request_id: str | None = None,
    ) -> bytes:
        """Answer one ticket under a new prediction id: a `Prediction` as JSON.

        Raises:
            TriageError: the decision cannot be recorded, so that it is not made.
        """
        return self.answer(self.ask(ticket, explain), caller, request_id)

    def ask(self, ticket: Ticket, explain: Explain = "short") -> Asked:
        """Read a ticket. If its answer is `known`, `answer` takes a tenth of a millisecond."""
        started = perf_counter()
        prediction_id = os.urandom(16).hex()
        customer = self.pseudonym(ticket.customer) if self.pseudonym and ticket.customer else None
        seen = masked(ticket)
        logged = as_logged(seen)
        content = to_json(logged)
        turn = self.rollout.turn(customer, prediction_id)
        known = None
        if self.cache is not None:
            known = self.cache.near(cache_key(turn.predictor, content, explain))
        took = perf_counter() - started
        return Asked(prediction_id, customer, seen, logged, content, explain, turn, known, took)

    def answer(self, asked: Asked, caller: str | None = None, request_id: str | None = None) -> bytes:
        """Answer what was read; as `predict`."""
        started = perf_counter()
        turn = asked.turn
        try:
            said, cached = self._said(turn.predictor, asked)
        except Exception:  # of a challenger, which the champion stands in for, whatever it is
            if (instead := self.rollout.failed(turn)) is None:
                raise
            turn = instead
            said, cached = self._said(turn.predictor, asked)
        latency_ms = round((asked.took + perf_counter() - started) * 1000, 3)
        # Unchecked: each value is of a checked one, and an answer from memory is to cost little.
        made = Decision.model_construct(
            prediction_id=asked.prediction_id,
            at=datetime.now(UTC),
            model=turn.predictor.ref,
            variant=turn.variant,
            caller=caller,
            request_id=request_id or self.telemetry.request_id,
            customer=asked.customer,
            ticket=asked.logged,
            answer=said.answer,
            latency_ms=latency_ms,
            cached=cached,
            degraded=said.answer["degraded"],
        )
        with self.telemetry.span("record"):
            self.record(decision_line(made, asked.json, said.json))
        self.telemetry.decided(made)
        self.rollout.observe(turn, made, timed=asked.explain == "short")
        return said.prediction(asked.prediction_id, turn.predictor.ref_json, latency_ms)

    def _said(self, predictor: Predictor, asked: Asked) -> tuple[Said, bool]:
        if asked.known is not None and predictor is asked.turn.predictor:
            self.telemetry.looked_up(True)
            return asked.known, True
        span = self.telemetry.span
        if self.cache is None:
            with span("predict"):
                return Said.of(predictor.answer(asked.seen, asked.explain)), False
        with span("cache"):
            key = cache_key(predictor, asked.json, asked.explain)
            known = self.cache.get(key)
        self.telemetry.looked_up(known is not None)
        if known is not None:
            return known, True
        with span("predict"):
            said = Said.of(predictor.answer(asked.seen, asked.explain))
        if not said.answer["degraded"]:  # what failed may work the next time
            with span("cache"):
                self.cache.put(key, said)
        return said, False


def cache_key(predictor: Predictor, seen: bytes, explain: Explain) -> str:
    """Hash of all that an answer follows from; of masked inputs alone.

    Args:
        seen: what the model is given, as JSON.
    """
    return hashlib.sha256(b"%b\n%b\n%b" % (predictor.ref_json, explain.encode(), seen)).hexdigest()
