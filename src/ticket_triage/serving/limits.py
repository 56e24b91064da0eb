"""How much a caller may ask for."""

from collections.abc import Callable
from time import monotonic

BURST = 2.0  # seconds of its rate that a caller who was quiet may ask for at once


class Bucket:
    """Token bucket: `rate` tickets a second, and those of `BURST` seconds at once, one at least; any other request
    counts as one ticket.

    Source: ITU-T I.371, the continuous-state leaky bucket, read from the other side.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = monotonic) -> None:
        self.rate = rate
        self.most = max(1.0, rate * BURST)
        self.clock = clock
        self.tokens = self.most
        self.at = clock()

    def take(self) -> float:
        """Take one ticket: 0 if it may go on, else the seconds until the next one may."""
        return self._take(1, 1)

    def lend(self, tickets: int) -> float:
        """Take so many more of a request that was let in, as a debt if there are not as many; what comes later waits.

        Returns:
            0, or where there is such a debt already the seconds until it is gone, and nothing is taken.
        """
        return self._take(tickets, 0)

    def _take(self, tickets: int, least: int) -> float:
        now = self.clock()
        self.tokens = min(self.most, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < least:
            return (least - self.tokens) / self.rate
        self.tokens -= tickets
        return 0.0


class Limits:
    """A bucket for each caller of this process; with several workers each gives its share of a rate."""

    def __init__(self, workers: int = 1, clock: Callable[[], float] = monotonic) -> None:
        self.workers = workers
        self.clock = clock
        self._buckets: dict[str, Bucket] = {}

    def bucket(self, name: str, rate: float) -> Bucket:
        """The caller's."""
        rate /= self.workers
        bucket = self._buckets.get(name)
        if bucket is None or bucket.rate != rate:
            bucket = self._buckets[name] = Bucket(rate, self.clock)
        return bucket
