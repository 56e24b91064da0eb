"""Leaving without losing a request."""

import asyncio
import logging
import signal
from collections.abc import Callable, Iterable
from functools import partial
from time import monotonic
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

QUIET = 0.3  # seconds without a request, after which nobody comes any more
LAST = 5.0  # seconds for connections that were taken and on which nothing comes, at most
LOOK = 0.05

logger = logging.getLogger("bentoml.ticket_triage")


class Drain:
    """The time between a worker's being told to end and its end.

    uvicorn, when it ends, closes connections on which the next request may be under way, which is then lost. So from
    SIGTERM on every answer says that its connection ends; /readyz says no, for balancers, and who comes all the same is
    answered. When nobody came for `QUIET` seconds no more connections are taken: they wait for another worker, where
    there is one. When all that were taken have been answered, uvicorn's own shutdown follows.

    Args:
        longest: seconds after which no more connections are taken even if requests still come.
    """

    def __init__(self, longest: float) -> None:
        self.longest = longest
        self.leaving = False
        self.asked = monotonic()

    def take(self, number: int = signal.SIGTERM) -> None:
        """Stand before the handler that the server has for a signal; to be called on its event loop."""
        loop = asyncio.get_running_loop()
        end = signal.getsignal(number)
        if not callable(end):
            return  # not the loop of a server

        def leave(*_: Any) -> None:
            if not self.leaving:
                self.leaving = True
                # uvicorn's handler is a method of its server, which has no other way to stop listening.
                listeners = getattr(getattr(end, "__self__", None), "servers", ())
                loop.call_soon_threadsafe(self._begin, partial(end, number, None), listeners)

        signal.signal(number, leave)

    def _begin(self, end: Callable[[], Any], listeners: Iterable[asyncio.Server]) -> None:
        # Kept, else it may be collected.
        self._waiting = asyncio.get_running_loop().create_task(self._wait(end, listeners))

    async def _wait(self, end: Callable[[], Any], listeners: Iterable[asyncio.Server]) -> None:
        logger.info("leaving when nobody asks any more")
        await self._quiet(self.longest)
        for listener in listeners:
            listener.close()
        # Who was taken last has not sent a request yet.
        await self._quiet(LAST)
        end()

    async def _quiet(self, longest: float) -> None:
        began = monotonic()
        while monotonic() - began < longest and monotonic() - max(began, self.asked) < QUIET:
            await asyncio.sleep(LOOK)


class Leaving:
    """ASGI middleware: while a `Drain` lasts, every answer ends its connection."""

    def __init__(self, app: ASGIApp, drain: Drain) -> None:
        self.app = app
        self.drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.drain.asked = monotonic()

        async def parting(message: Message) -> None:
            # Asked when the answer begins: the request may have come before the signal.
            if self.drain.leaving and message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        await self.app(scope, receive, parting)
