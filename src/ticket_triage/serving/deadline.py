"""An end to waiting for an answer."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticket_triage.serving.failures import ERRORS
from ticket_triage.serving.refusals import error

TOO_LATE = ERRORS[504][1]


class Deadline:
    """ASGI middleware: a request whose answer has not begun in time is given up with 504.

    It lies around what may take long; a ticket by itself waits in the `Gate`, which knows how long.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self.seconds) as limit:

                async def begun(message: Message) -> None:
                    limit.reschedule(None)
                    await send(message)

                await self.app(scope, receive, begun)
        except TimeoutError:
            if not limit.expired():
                raise
            await error(504, TOO_LATE)(scope, receive, send)
