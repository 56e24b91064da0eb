"""The client for code that does other things meanwhile."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
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


class AsyncTriageClient:
    """Asks a service; may be used by several tasks, and in `async with`, which closes its connections.

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
        self._http = httpx.AsyncClient(base_url=url, headers=calls.headers(key), timeout=timeout)

    async def predict(self, ticket: Given, explain: Explain = "short") -> Prediction:
        """Category, priority, decision and reasons of a ticket; a string is its text."""
        return await self._ask(calls.predict(ticket, explain))

    async def predict_many(self, tickets: Iterable[Given]) -> list[Prediction | Failure]:
        """A prediction for each, or what is wrong with it, in their order."""
        return [one async for one in self.stream(tickets, calls.BATCH)]

    async def stream(
        self, tickets: Iterable[Given] | AsyncIterable[Given], at_once: int = calls.PORTION
    ) -> AsyncIterator[Prediction | Failure]:
        """As `predict_many`, of any number: tickets are taken as the service gets to them, few held at once."""
        async for portion in _portions(tickets, at_once):
            for one in (await self._ask(calls.batch(portion))).results:
                yield one

    async def feedback(
        self,
        prediction_id: str,
        category: str | None = None,
        priority: str | None = None,
        by: str | None = None,
        note: str | None = None,
    ) -> Correction:
        """Say what the labels of a prediction should have been."""
        return await self._ask(
            calls.feedback(prediction_id, category=category, priority=priority, by=by, note=note)
        )

    async def prediction(self, prediction_id: str) -> Logged:
        """What was answered, by what, to which masked ticket, and how it was corrected."""
        return await self._ask(calls.prediction(prediction_id))

    async def replay(self, prediction_id: str) -> Replayed:
        """The logged ticket answered again by the same version."""
        return await self._ask(calls.replay(prediction_id))

    async def model(self) -> Description:
        """Which version answers, what it can say, and what it was worth."""
        return await self._ask(calls.MODEL)

    async def taxonomy(self) -> TaxonomyDescription:
        """The labels that can be given, and to whom they go."""
        return await self._ask(calls.TAXONOMY)

    async def ready(self) -> Readiness:
        """What works behind the service; raises `ServiceError` 503 at once where it does not answer."""
        return await self._once(calls.READY)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _ask(self, call: Call[T]) -> T:
        tried = 0
        while True:
            try:
                return await self._once(call)
            except (ServiceError, NoAnswer) as error:
                wait = calls.pause(tried, error, call, self.pause)
                tried += 1
                if wait is None or tried >= self.tries:
                    raise
            await asyncio.sleep(wait)

    async def _once(self, call: Call[T]) -> T:
        try:
            response = await self._http.request(call.method, call.path, json=call.body, params=call.params)
        except httpx.TransportError as fault:
            raise NoAnswer(f"{type(fault).__name__}: {fault}") from fault
        return calls.read(response, call.answer)


async def _portions(tickets: Iterable[Given] | AsyncIterable[Given], size: int) -> AsyncIterator[list[Given]]:
    if not isinstance(tickets, AsyncIterable):
        for part in calls.portions(tickets, size):
            yield part
        return
    held: list[Given] = []
    async for ticket in tickets:
        held.append(ticket)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held
