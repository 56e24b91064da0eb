"""How long the thread that stores records rests, so that tickets are answered first."""

import time
from collections.abc import Callable

SHORT, LONG = 1, 9  # times as long as a piece of work took
BUSY = 0.25  # share of a processor that the process takes besides, from which on the rest is long
MANY = 20_000  # records that wait, from which on it is short in any case
MOST = 1.0  # seconds


def _besides() -> float:
    """Processor seconds of the other threads of this process."""
    return time.process_time() - time.thread_time()


class Pace:
    """Threads share Python's one interpreter, and whoever answers a ticket should not wait for it.

    `begin` and `rest` are called in the thread that works.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, besides: Callable[[], float] = _besides
    ) -> None:
        self.clock = clock
        self.besides = besides

    def begin(self) -> None:
        """A piece of work begins."""
        self._began, self._others = self.clock(), self.besides()

    def rest(self, waiting: int) -> float:
        """Seconds until the next piece of work, where so many records wait."""
        took = self.clock() - self._began
        busy = self.besides() - self._others > BUSY * took
        return min((LONG if busy and waiting < MANY else SHORT) * took, MOST)
