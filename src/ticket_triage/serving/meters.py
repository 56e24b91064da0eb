"""What Prometheus is told: counts, times and states, of all workers of a server together."""

import contextlib
import os
import shutil
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from ticket_triage.breaker import State
from ticket_triage.feedback.records import Decision
from ticket_triage.schema import TASKS, ModelRef

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where prometheus_client shares the figures of several processes
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
_OPENNESS: dict[State, int] = {"closed": 0, "half_open": 1, "open": 2}


def share_folder(home: Path) -> None:
    """Let the workers of this server, which have one parent, share their figures below `home`.

    BentoML's own folder is one for all servers of a store, and the next to start empties it.
    """
    home = Path(home).resolve()
    folder = home / str(os.getppid())
    folder.mkdir(parents=True, exist_ok=True)
    for old in home.iterdir():
        if old.name.isdecimal() and not _alive(int(old.name)):
            shutil.rmtree(old, ignore_errors=True)
    # A worker that was killed took no leave: what it last said of its state is no longer so.
    for file in folder.glob("gauge_live*_*.db"):
        if not _alive(int(file.stem.rpartition("_")[2])):
            file.unlink(missing_ok=True)
    os.environ[FOLDER] = str(folder)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Meters:
    """The figures of one process."""

    def __init__(self) -> None:
        # Decides at its import whether processes share figures, so not before `share_folder`.
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.registry = CollectorRegistry()
        own = "ticket_triage"

        def counter(name: str, help: str, *labels: str) -> Counter:
            return Counter(name, help, labels, own, registry=self.registry)

        def histogram(name: str, help: str, *labels: str, buckets: tuple[float, ...] = SECONDS) -> Histogram:
            return Histogram(name, help, labels, own, buckets=buckets, registry=self.registry)

        def gauge(
            name: str, help: str, *labels: str, of_all: Literal["livesum", "livemax"] = "livesum"
        ) -> Gauge:
            return Gauge(name, help, labels, own, registry=self.registry, multiprocess_mode=of_all)

        self.requests = counter(
            "requests", "Requests by route, method and status.", "route", "method", "status"
        )
        self.seconds = histogram("request_seconds", "From the request's head to the answer's end.", "route")
        self.running = gauge("requests_in_progress", "Requests that are being answered or wait.")
        self.shed = counter("shed_requests", "Requests refused because the service was full.", "route")
        self.decisions = counter(
            "decisions",
            "Answered tickets; a task without a label is `none`.",
            *("category", "priority", "decision", "version", "variant", "shadow"),
        )
        self.confidence = histogram(
            "confidence", "Calibrated confidence of given labels.", "task", "version", buckets=SHARES
        )
        self.predicting = histogram(
            "prediction_seconds", "One ticket, without the way through the server.", "version", "cached"
        )
        self.lookups = counter("cache_lookups", "Answers looked for in the cache.", "result")
        self.degraded = counter(
            "degraded_answers", "Answers that a part of the model had no part in.", "version"
        )
        self.breakers = gauge(
            "breaker_state",
            "0 closed, 1 half open, 2 open; of the worst worker.",
            "dependency",
            of_all="livemax",
        )
        self.spooled = gauge("spool_records", "Records on disk that the database has not.")
        self.spooled_bytes = gauge("spool_bytes", "Bytes of these records.", of_all="livemax")
        self.rejected = gauge("rejected_records", "Records that the database will not take, set aside.")
        self.ready = gauge("ready_workers", "Workers whose model gave its canary tickets the right answers.")
        self.model = gauge(
            "model_info", "1 for each version that answers.", "name", "version", of_all="livemax"
        )
        self.share = gauge(
            "rollout_share", "Of the tickets, that the challenger answers.", "mode", of_all="livemax"
        )
        self.dropped = counter("rollout_dropped", "Answers beside that the queue had no room for.")
        self.alerts = counter("rollout_alerts", "Alerts of rollouts.")
        self.unsent = counter("rollout_alerts_unsent", "Alerts that their address did not take.")
        self._known: set[ModelRef] = set()
        self._counted = {"dropped": 0, "alerts": 0, "unsent": 0}
        # Finding a child by its labels takes longer than counting.
        self._request = cache(lambda *labels: (self.requests.labels(*labels), self.seconds.labels(labels[0])))
        self._decision = cache(self.decisions.labels)
        self._confidence = cache(self.confidence.labels)
        self._predicting = cache(self.predicting.labels)
        self._lookup = {hit: self.lookups.labels(name) for hit, name in ((True, "hit"), (False, "miss"))}

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that is over."""
        count, time = self._request(route, method, str(status))
        count.inc()
        time.observe(seconds)

    def decided(self, made: Decision) -> None:
        """Count an answer to a ticket."""
        version = made.model.version
        given = {task: made.answer.get(task) for task in TASKS}
        labels = [answer["label"] if answer else "none" for answer in given.values()]
        self._decision(
            *labels, made.answer["decision"], version, made.variant, str(made.shadow).lower()
        ).inc()
        if made.shadow:  # what nobody was told is counted, and in no figure of what people get
            return
        for task, answer in given.items():
            if answer:
                self._confidence(task, version).observe(answer["confidence"])
        self._predicting(version, str(made.cached).lower()).observe(made.latency_ms / 1000)
        if made.degraded:
            self.degraded.labels(version).inc()

    def looked_up(self, hit: bool) -> None:
        """Count a look into the cache."""
        self._lookup[hit].inc()

    def state(
        self, breakers: Mapping[str, State], spool: Mapping[str, int], models: Collection[ModelRef]
    ) -> None:
        """Say how this worker is.

        Args:
            breakers: by what they guard.
            spool: `records` and `bytes` that wait for the database, and those `rejected` by it.
            models: that answer; empty if it is not ready.
        """
        for name, state in breakers.items():
            self.breakers.labels(name).set(_OPENNESS[state])
        self.spooled.set(spool.get("records", 0))
        self.spooled_bytes.set(spool.get("bytes", 0))
        self.rejected.set(spool.get("rejected", 0))
        self.ready.set(bool(models))
        self._known |= set(models)
        for ref in self._known:
            self.model.labels(ref.name, ref.version).set(ref in models)

    def rollout(self, mode: str, share: float, **counts: int) -> None:
        """Say what is rolled out.

        Args:
            counts: `dropped`, `alerts` and `unsent` of this worker up to now.
        """
        for other in ("shadow", "canary"):
            self.share.labels(other).set(share if other == mode else 0)
        for name, count in counts.items():
            getattr(self, name).inc(count - self._counted[name])
            self._counted[name] = count

    def text(self) -> tuple[bytes, str]:
        """All figures of all workers in Prometheus' text format, and its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = self.registry
        if os.environ.get(FOLDER):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST

    def close(self) -> None:
        """Take this worker's states out of the figures."""
        from prometheus_client.multiprocess import mark_process_dead

        with contextlib.suppress(OSError):
            if os.environ.get(FOLDER):
                mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]
