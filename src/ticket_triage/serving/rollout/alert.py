"""Telling somebody: a line in the log, a message where an address is set, a tag in the registry."""

import logging
import threading
from typing import Any

from ticket_triage.schema import ModelRef

logger = logging.getLogger("bentoml.ticket_triage.rollout")
SECONDS = 5.0  # that an address may take
TAG = "rollout"  # of a version in the registry


class Alerts:
    """Says what must not go unseen; never waits for anybody.

    Args:
        url: where messages go.
        registry: MLflow's tracking address; only a server's, `http...`, is told.

    Attributes:
        fired: how often it did in this process.
        unsent: of these, messages that the address did not take.
    """

    def __init__(self, url: str | None = None, registry: str | None = None) -> None:
        self.url = url
        self.registry = registry.rstrip("/") if registry and registry.startswith("http") else None
        self.fired = self.unsent = 0

    def fire(self, event: str, why: str, **about: Any) -> None:
        """Log an error, and POST `{"event", "why", ...}` as JSON to the address, in a thread of its own."""
        self.fired += 1
        message = {"event": event, "why": why, **about}
        logger.error("%s: %s", event, why, extra={"facts": message})
        if self.url:
            threading.Thread(target=self._send, args=(self.url, message), daemon=True).start()

    def tag(self, version: ModelRef, sentence: str) -> None:
        """Say in the registry what came of a version, as `moves.served` does, in a thread of its own."""
        if self.registry:
            url = f"{self.registry}/api/2.0/mlflow/model-versions/set-tag"
            given = {**version.model_dump(), "key": TAG, "value": sentence[:5_000]}
            threading.Thread(target=self._tag, args=(url, given), daemon=True).start()

    def _send(self, url: str, message: dict[str, Any]) -> None:
        if why := _post(url, message):
            self.unsent += 1
            logger.warning("the alert was not taken: %s", why)

    def _tag(self, url: str, given: dict[str, Any]) -> None:
        if why := _post(url, given):
            logger.warning("the registry was not told, until `ticket-triage rollout history` does: %s", why)


def _post(url: str, content: dict[str, Any]) -> str | None:
    """Why it was not taken, if it was not."""
    import httpx  # a tenth of a second that importing the service must not cost

    try:
        httpx.post(url, json=content, timeout=SECONDS).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__
    return None
