"""A circuit breaker: what is down is not asked again at every turn (M. Nygard, Release It!, 2nd ed., chapter 5)."""

import threading
import time
from collections.abc import Callable
from typing import Literal, TypeVar

T = TypeVar("T")
State = Literal["closed", "open", "half_open"]


class Refused(Exception):
    """The call was not tried: what it needs failed lately."""


class Breaker:
    """Lets calls to something outside through while it works, and refuses them at once while it does not.

    After `failures` in a row it opens: calls raise `Refused`, without a wait. After a pause one call is let through
    (half open): if it works the breaker closes, else the pause begins anew, twice as long, up to `longest`. May be used
    by several threads. It cannot end a call that hangs: give the client a time-out of its own.

    Args:
        name: of what is called, for messages and metrics.
        failures: in a row until it opens.
        pause: seconds until the first new try.
        longest: seconds between tries at most.
        slow: seconds from which a call that worked counts as a failure; None: it may take any time.
        faults: exceptions that say that the other side does not work; others pass and count as its answer.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        name: str,
        failures: int = 3,
        pause: float = 1.0,
        longest: float = 30.0,
        slow: float | None = None,
        faults: tuple[type[Exception], ...] = (Exception,),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.failures = failures
        self.pause = pause
        self.longest = longest
        self.slow = slow
        self.faults = faults
        self.clock = clock
        self._lock = threading.Lock()
        self._failed = 0  # in a row
        self._wait = pause
        self._until: float | None = None  # open until then; None: closed
        self._trying = False

    @property
    def state(self) -> State:
        """`half_open`: the pause is over, and the next call, or one that runs now, tells."""
        with self._lock:
            if self._until is None:
                return "closed"
            return "half_open" if self._trying or self.clock() >= self._until else "open"

    @property
    def due(self) -> float:
        """Seconds until a call may be tried; 0 where one may be now."""
        with self._lock:
            return 0.0 if self._until is None else max(0.0, self._until - self.clock())

    def call(self, work: Callable[[], T]) -> T:
        """What `work` returns.

        Raises:
            Refused: it was not tried.
            Exception: what `work` raised.
        """
        trial = self._enter()
        began = self.clock()
        try:
            result = work()
        except Exception as error:  # counted, and raised again
            self._leave(trial, not isinstance(error, self.faults))
            raise
        except BaseException:
            self._leave(trial, None)
            raise
        self._leave(trial, self.slow is None or self.clock() - began < self.slow)
        return result

    def _enter(self) -> bool:
        with self._lock:
            if self._until is None:
                return False
            if self._trying or self.clock() < self._until:
                raise Refused(f"{self.name} failed lately and is not asked now")
            self._trying = True
            return True

    def _leave(self, trial: bool, worked: bool | None) -> None:
        with self._lock:
            if trial:
                self._trying = False
            # A call that began before the breaker opened says nothing of now, nor does one that was broken off.
            if worked is None or (not trial and self._until is not None):
                return
            if worked:
                self._failed, self._wait, self._until = 0, self.pause, None
                return
            self._failed += 1
            if trial:
                self._wait = min(self._wait * 2, self.longest)
            if trial or self._failed >= self.failures:
                self._until = self.clock() + self._wait
