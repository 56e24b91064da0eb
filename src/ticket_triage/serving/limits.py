"""How much a caller may ask for."""

import math
from collections.abc import Callable
from time import monotonic

BURST = 2.0  # seconds of its rate that a caller who was quiet may ask for at once


class Bucket:
    """Token bucket: `rate` requests a second, and those of `BURST` seconds at once, one at least.

    Source: ITU-T I.371, the continuous-state leaky bucket, read from the other side.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = monotonic) -> None:
        self.rate = rate
        self.most = max(1.0, rate * BURST)
        self.clock = clock
        self.tokens = self.most
        self.at = clock()

    def take(self) -> float:
        """Take one request: 0 if it may go on, else the seconds until the next one may."""
        now = self.clock()
        self.tokens = min(self.most, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return (1 - self.tokens) / self.rate
        self.tokens -= 1
        return 0.0


class Limits:
    """A bucket for each caller of this process; with several workers each gives its share of a rate."""

    def __init__(self, workers: int = 1, clock: Callable[[], float] = monotonic) -> None:
        self.workers = workers
        self.clock = clock
        self._buckets: dict[str, Bucket] = {}

    def wait(self, name: str, rate: float) -> int:
        """0 if the caller may ask now, else in how many whole seconds."""
        rate /= self.workers
        bucket = self._buckets.get(name)
        if bucket is None or bucket.rate != rate:
            bucket = self._buckets[name] = Bucket(rate, self.clock)
        return math.ceil(bucket.take())
