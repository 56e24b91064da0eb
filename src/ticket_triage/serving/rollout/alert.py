"""Telling somebody: a line in the log, and a message where an address is set."""

import logging
import threading
from typing import Any

logger = logging.getLogger("bentoml.ticket_triage.rollout")
SECONDS = 5.0  # that the address may take


class Alerts:
    """Says what must not go unseen; never waits for anybody.

    Attributes:
        fired: how often it did in this process.
        unsent: of these, messages that the address did not take.
    """

    def __init__(self, url: str | None = None) -> None:
        self.url = url
        self.fired = self.unsent = 0

    def fire(self, event: str, why: str, **about: Any) -> None:
        """Log an error, and POST `{"event", "why", ...}` as JSON to the address, in a thread of its own."""
        self.fired += 1
        message = {"event": event, "why": why, **about}
        logger.error("%s: %s", event, why, extra={"facts": message})
        if self.url:
            threading.Thread(target=self._send, args=(self.url, message), daemon=True).start()

    def _send(self, url: str, message: dict[str, Any]) -> None:
        import httpx  # a tenth of a second that importing the service must not cost

        try:
            httpx.post(url, json=message, timeout=SECONDS).raise_for_status()
        except httpx.HTTPError as error:
            self.unsent += 1
            logger.warning("the alert was not taken: %s", type(error).__name__)
