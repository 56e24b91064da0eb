"""Answers that were given before."""

import contextlib
import hashlib
import logging
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ticket_triage.breaker import Breaker, Refused
from ticket_triage.serving.said import Said

if TYPE_CHECKING:
    import redis

logger = logging.getLogger("bentoml.ticket_triage")

PREFIX = "ticket-triage:answer:"
PATIENCE = 0.02  # seconds that an answer of Redis may take; making one anew takes half of that


class Cache(Protocol):
    """Where answers are kept by the hash of what they follow from."""

    def near(self, key: str) -> Said | None:
        """The answer kept under the key, if it is in this process; nobody else is asked."""
        ...

    def get(self, key: str) -> Said | None:
        """The answer kept under the key, or None."""
        ...

    def put(self, key: str, said: Said) -> None:
        """Keep an answer; may be lost at any time."""
        ...


class Recent:
    """The answers of this process that were asked for last, `size` at most."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._answers: OrderedDict[str, Said] = OrderedDict()
        self._lock = threading.Lock()  # batches are answered beside the event loop

    def near(self, key: str) -> Said | None:
        """The answer kept under the key, or None."""
        with self._lock:
            if (known := self._answers.get(key)) is not None:
                self._answers.move_to_end(key)
        return known

    get = near

    def put(self, key: str, said: Said) -> None:
        """Keep an answer, and forget the one that was not asked for the longest."""
        with self._lock:
            self._answers[key] = said
            if len(self._answers) > self.size:
                self._answers.popitem(last=False)


class Shared:
    """Answers that all workers and machines share, in Redis; those of this process are in front of it.

    Redis may be away, hang or come back at any time: then nothing is found here, after `PATIENCE` once. A thread of its
    own connects, so that a request waits for no name to be looked up and no connection to be made. What another release
    kept is not found: it may answer otherwise, or in another shape.

    Args:
        url: such as redis://localhost:6379/0.
        recent: answers of this process.
        seconds: that an answer is kept.
    """

    def __init__(self, url: str, recent: Cache, seconds: int) -> None:
        self.url = url
        self.recent = recent
        self.seconds = seconds
        self.prefix = f"{PREFIX}{_release()}:"
        # One failure opens it: the connection is of no use any more.
        self.breaker = Breaker("Redis", failures=1, pause=0.25, longest=5)
        self._client: redis.Redis | None = None
        self._said = False  # that it is lost, once for each time
        self._lost = threading.Event()
        self._lost.set()
        self._closed = threading.Event()
        threading.Thread(target=self._connect, name="redis", daemon=True).start()

    def near(self, key: str) -> Said | None:
        """The answer kept under the key, if it is in this process."""
        return self.recent.near(key)

    def get(self, key: str) -> Said | None:
        """The answer kept under the key, or None."""
        if (known := self.recent.near(key)) is not None:
            return known
        found = self._ask("GET", self.prefix + key)
        if not isinstance(found, bytes):
            return None
        try:
            said = Said.read(found)
        except ValueError:
            return None
        self.recent.put(key, said)
        return said

    def put(self, key: str, said: Said) -> None:
        """Keep an answer; may be lost at any time."""
        self.recent.put(key, said)
        self._ask("SET", self.prefix + key, said.json, "EX", self.seconds)

    def state(self) -> dict[str, str]:
        """Whether Redis answers: the state of its breaker, which is closed where it does."""
        return {"redis": "open" if self._client is None else self.breaker.state}

    def close(self) -> None:
        """End the connection and what would make it anew."""
        self._closed.set()
        self._lost.set()
        if (client := self._client) is not None:
            client.close()

    def _ask(self, *words: str | bytes | int) -> Any:
        if (client := self._client) is None:
            return None
        try:
            return self.breaker.call(lambda: client.execute_command(*words))  # type: ignore[no-untyped-call]
        except Refused:
            return None
        except Exception as error:  # the prediction goes on, whatever a library throws
            # Its connection may still hold the answer to this question, which the next one must not get.
            if self._client is client:
                self._client = None
            self._say(error)
            self._lost.set()
            with contextlib.suppress(Exception):
                client.close()
            return None

    def _say(self, error: Exception) -> None:
        if not self._said:
            logger.warning("answers are not shared until Redis answers: %s", type(error).__name__)
        self._said = True

    def _connect(self) -> None:
        while not self._closed.is_set():
            self._lost.wait()
            while not self._closed.wait(max(self.breaker.due, 0.01)):
                try:
                    client = self.breaker.call(self._connected)
                except Exception as error:  # whatever it is, it must not end the thread
                    self._say(error)
                    continue
                self._lost.clear()
                self._client, self._said = client, False
                logger.info("answers are shared by Redis")
                break

    def _connected(self) -> "redis.Redis":
        import redis  # a third of a second that only who uses it pays
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        client = redis.Redis.from_url(
            self.url,
            single_connection_client=True,  # made here and never again: a request must not connect
            socket_connect_timeout=1,
            socket_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),
            client_name="ticket-triage",
        )
        client.ping()
        return client


def _release() -> str:
    """Names the code that runs."""
    package, digest = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.suffix in (".py", ".yaml"):
            digest.update(f"{path.relative_to(package).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def make(size: int, url: str | None, seconds: int) -> Cache | None:
    """The cache that is asked for: `size` answers of this process, and Redis behind them where there is a `url`.

    None where neither is.
    """
    if url:
        return Shared(url, Recent(size), seconds)
    return Recent(size) if size else None
