"""One ticket after the other, and no longer a queue than will be answered in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

WEIGHT = 0.05  # of the newest time in the moving average: some 20 tickets back


class Gate:
    """A worker's queue: Python answers one ticket at a time, so a request's wait is known before it is let in.

    Between two tickets the event loop takes in what came meanwhile, so that a refusal, a probe or the metrics wait for
    one ticket and not for all that are in the queue.

    Args:
        seconds: the longest wait that a request is let into.
        bulk: batches, streams and full explanations at once.
    """

    def __init__(self, seconds: float, bulk: int) -> None:
        self.seconds = seconds
        self.bulk = bulk
        self.waiting = 0  # requests for one ticket that were let in and are not answered
        self.bulks = 0
        self.took = 0.01  # seconds of a ticket, a moving average
        self._lock = asyncio.Lock()

    @property
    def wait(self) -> float:
        """Seconds until a request that came now would be answered; batches take turns with single tickets."""
        return self.waiting * self.took * (1 + self.bulks)

    def full(self, bulk: bool) -> bool:
        """Whether one more would wait too long."""
        return self.bulks >= self.bulk if bulk else self.waiting > 0 and self.wait > self.seconds

    def enter(self, bulk: bool) -> None:
        """Count one in; `leave` must follow."""
        if bulk:
            self.bulks += 1
        else:
            self.waiting += 1

    def leave(self, bulk: bool) -> None:
        """Count one out."""
        if bulk:
            self.bulks -= 1
        else:
            self.waiting -= 1

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for those that came before, and take the time of what is done."""
        async with self._lock:
            await asyncio.sleep(0)  # those that came together with this one queue up, or are refused, first
            started = perf_counter()
            try:
                yield
            finally:
                self.took += WEIGHT * (perf_counter() - started - self.took)
