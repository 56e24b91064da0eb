"""The client for code that waits."""

import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar

import httpx
from pydantic import BaseModel

from ticket_triage_client import calls
from ticket_triage_client.calls import Call, Explain, Given
from ticket_triage_client.errors import NoAnswer, ServiceError
from ticket_triage_client.models import (
    Correction,
    Description,
    Failure,
    Logged,
    Prediction,
    Readiness,
    Replayed,
    TaxonomyDescription,
)

T = TypeVar("T", bound=BaseModel)


class TriageClient:
    """Asks a service; may be used by several threads, and in `with`, which closes its connections.

    Each method raises `ServiceError` where the service refused and `NoAnswer` where none came. What is full (429, 503)
    is asked again after a pause; so is what may be done twice if the connection broke.

    Args:
        url: of the service, such as http://127.0.0.1:3000.
        key: an API key.
        timeout: seconds for each try.
        tries: in all.
        pause: seconds before the second try; it doubles with each.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        timeout: float = 10.0,
        tries: int = 5,
        pause: float = 0.2,
    ) -> None:
        self.tries = tries
        self.pause = pause
        self._http = httpx.Client(base_url=url, headers=calls.headers(key), timeout=timeout)

    def predict(self, ticket: Given, explain: Explain = "short") -> Prediction:
        """Category, priority, decision and reasons of a ticket; a string is its text."""
        return self._ask(calls.predict(ticket, explain))

    def predict_many(self, tickets: Iterable[Given]) -> list[Prediction | Failure]:
        """A prediction for each, or what is wrong with it, in their order."""
        return list(self.stream(tickets, calls.BATCH))

    def stream(
        self, tickets: Iterable[Given], at_once: int = calls.PORTION
    ) -> Iterator[Prediction | Failure]:
        """As `predict_many`, of any number: tickets are taken as the service gets to them, few held at once."""
        for portion in calls.portions(tickets, at_once):
            yield from self._ask(calls.batch(portion)).results

    def feedback(
        self,
        prediction_id: str,
        category: str | None = None,
        priority: str | None = None,
        by: str | None = None,
        note: str | None = None,
    ) -> Correction:
        """Say what the labels of a prediction should have been."""
        return self._ask(
            calls.feedback(prediction_id, category=category, priority=priority, by=by, note=note)
        )

    def prediction(self, prediction_id: str) -> Logged:
        """What was answered, by what, to which masked ticket, and how it was corrected."""
        return self._ask(calls.prediction(prediction_id))

    def replay(self, prediction_id: str) -> Replayed:
        """The logged ticket answered again by the same version."""
        return self._ask(calls.replay(prediction_id))

    def model(self) -> Description:
        """Which version answers, what it can say, and what it was worth."""
        return self._ask(calls.MODEL)

    def taxonomy(self) -> TaxonomyDescription:
        """The labels that can be given, and to whom they go."""
        return self._ask(calls.TAXONOMY)

    def ready(self) -> Readiness:
        """What works behind the service; raises `ServiceError` 503 at once where it does not answer."""
        return self._once(calls.READY)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, call: Call[T]) -> T:
        tried = 0
        while True:
            try:
                return self._once(call)
            except (ServiceError, NoAnswer) as error:
                wait = calls.pause(tried, error, call, self.pause)
                tried += 1
                if wait is None or tried >= self.tries:
                    raise
            time.sleep(wait)

    def _once(self, call: Call[T]) -> T:
        try:
            response = self._http.request(call.method, call.path, json=call.body, params=call.params)
        except httpx.TransportError as fault:
            raise NoAnswer(f"{type(fault).__name__}: {fault}") from fault
        return calls.read(response, call.answer)
