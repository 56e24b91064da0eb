"""What happens to a ticket between the door and its answer."""

import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from ticket_triage.feedback.records import Decision
from ticket_triage.schema import Explain, Prediction, Ticket
from ticket_triage.serving.cache import Cache
from ticket_triage.serving.predictor import Predictor, as_logged, masked
from ticket_triage.serving.rollout.turns import Fixed
from ticket_triage.serving.telemetry import Telemetry


class Engine:
    """Answers tickets: chooses who answers, looks whether it was answered before, and records what was said.

    Plain Python, everything handed in; safe on one event loop, and in one thread beside it.

    Args:
        rollout: who answers.
        record: keeps a decision before its answer leaves, or raises.
        cache: answers by a hash of what the model sees; None keeps none.
        pseudonym: what stands for a customer in the log.
        telemetry: told of each answer.
    """

    def __init__(
        self,
        rollout: Fixed,
        record: Callable[[Decision], None],
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
    ) -> Prediction:
        """Answer one ticket under a new prediction id.

        Raises:
            TriageError: the decision cannot be recorded, so that it is not made.
        """
        started = perf_counter()
        prediction_id = uuid.uuid4().hex
        customer = self.pseudonym(ticket.customer) if self.pseudonym and ticket.customer else None
        seen = masked(ticket)
        turn = self.rollout.turn(customer, prediction_id)
        try:
            answer, cached = self._answer(turn.predictor, seen, explain)
        except Exception:  # of a challenger, which the champion stands in for, whatever it is
            if (instead := self.rollout.failed(turn)) is None:
                raise
            turn = instead
            answer, cached = self._answer(turn.predictor, seen, explain)
        latency_ms = round((perf_counter() - started) * 1000, 3)
        made = Decision(
            prediction_id=prediction_id,
            at=datetime.now(UTC),
            model=turn.predictor.ref,
            variant=turn.variant,
            caller=caller,
            request_id=request_id or self.telemetry.request_id,
            customer=customer,
            ticket=as_logged(seen),
            answer=answer,
            latency_ms=latency_ms,
            cached=cached,
            degraded=answer["degraded"],
        )
        with self.telemetry.span("record"):
            self.record(made)
        self.telemetry.decided(made)
        self.rollout.observe(turn, made, timed=explain == "short")
        return turn.predictor.prediction(answer, prediction_id, latency_ms)

    def _answer(
        self, predictor: Predictor, seen: dict[str, Any], explain: Explain
    ) -> tuple[dict[str, Any], bool]:
        span = self.telemetry.span
        if self.cache is None:
            with span("predict"):
                return predictor.answer(seen, explain), False
        with span("cache"):
            key = cache_key(predictor, seen, explain)
            known = self.cache.get(key)
        self.telemetry.looked_up(known is not None)
        if known is not None:
            return known, True
        with span("predict"):
            answer = predictor.answer(seen, explain)
        if not answer["degraded"]:  # what failed may work the next time
            with span("cache"):
                self.cache.put(key, answer)
        return answer, False


def cache_key(predictor: Predictor, seen: dict[str, Any], explain: Explain) -> str:
    """Hash of all that an answer follows from; of masked inputs alone."""
    content = json.dumps(
        [predictor.ref.name, predictor.ref.version, explain, as_logged(seen)],
        sort_keys=True,
        ensure_ascii=False,
    )
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
