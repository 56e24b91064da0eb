"""What is seen of the service from outside: each request and each decision, as figures, lines of a log, and spans."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ticket_triage.feedback.records import Decision
from ticket_triage.serving.logs import REQUESTS
from ticket_triage.serving.meters import Meters
from ticket_triage.serving.traces import Untraced

PULSE = 1.0  # seconds between two looks at breakers and spool
# Asked every few seconds by machines: a line only if they fail.
PROBES = ("/livez", "/healthz", "/readyz", "/metrics")


@dataclass(slots=True)
class Request:
    """One request while it is answered."""

    id: str
    decision: Decision | None = None  # of the last ticket
    tickets: int = 0


current: ContextVar[Request | None] = ContextVar("request", default=None)


class Telemetry:
    """Takes what `Engine` and `Watch` see to where it is looked at.

    Args:
        meters: None counts nothing.
    """

    def __init__(self, meters: Meters | None = None, traces: Untraced | None = None) -> None:
        self.meters = meters
        self.traces = traces or Untraced()
        self.log = logging.getLogger(REQUESTS)
        self._over = threading.Event()

    @property
    def request_id(self) -> str | None:
        """Of the request that is being answered."""
        return request.id if (request := current.get()) else None

    def span(self, name: str) -> AbstractContextManager[Any]:
        """A span around a piece of the work for a request."""
        return self.traces.span(name)

    def looked_up(self, hit: bool) -> None:
        """Somebody looked into the cache."""
        if self.meters:
            self.meters.looked_up(hit)

    def decided(self, made: Decision) -> None:
        """A ticket was answered."""
        if self.meters:
            self.meters.decided(made)
        if (request := current.get()) and not made.shadow:
            request.decision = made
            request.tickets += 1

    def entered(self) -> None:
        """A request came."""
        if self.meters:
            self.meters.running.inc()

    def answered(
        self, request: Request, route: str, method: str, status: int, seconds: float, shed: bool = False
    ) -> None:
        """A request is over; `shed`: it was refused because there were too many."""
        if self.meters:
            self.meters.running.dec()
            self.meters.answered(route, method, status, seconds)
            if shed:
                self.meters.shed.labels(route).inc()
        if route in PROBES and status < 400:
            return
        level = logging.INFO if status < 500 else logging.WARNING if status in (503, 504) else logging.ERROR
        facts = {
            "request_id": request.id,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 3),
        }
        if (made := request.decision) and request.tickets == 1:
            facts |= {
                "prediction_id": made.prediction_id,
                "model": made.model.name,
                "version": made.model.version,
                "variant": made.variant,
                "decision": made.answer["decision"],
                "predict_ms": made.latency_ms,
                "cached": made.cached,
                "degraded": made.degraded,
                "caller": made.caller,
            }
        elif request.tickets:
            facts["tickets"] = request.tickets
        if self.log.isEnabledFor(level):  # as `log`, which would look for the line of code that calls it
            extra = {"facts": facts}
            self.log.handle(self.log.makeRecord(REQUESTS, level, "", 0, "request", (), None, extra=extra))

    def pulse(self, look: Callable[[], None]) -> None:
        """Look at what changes by itself every second, in a thread, until `close`."""

        def beat() -> None:
            while not self._over.wait(PULSE):
                try:
                    look()
                except Exception:  # a look that fails must not be the last
                    logging.getLogger("ticket_triage.telemetry").exception("cannot look at the state")

        look()
        threading.Thread(target=beat, name="pulse", daemon=True).start()

    def close(self) -> None:
        """Send what is left, and leave the figures."""
        self._over.set()
        self.traces.close()
        if self.meters:
            self.meters.close()
