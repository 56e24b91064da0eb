"""Whatever is killed behind the service, and of it, while requests flow: each is answered, and recorded once."""

import contextlib
import os
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from postgres import Postgres
from servers import Callers, Redis, Service

from ticket_triage.schema import ModelRef
from ticket_triage.serving.package import package

ROOT = Path(__file__).parents[1]
STORED = "SELECT prediction_id, ticket FROM decisions"


def until(what: Callable[[], object], seconds: float, log: Path) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"it did not happen: {log.read_text()[-5000:]}"
        time.sleep(0.1)


def busiest(service: Service) -> int:
    """The worker that most callers are connected to."""
    return max(service.workers(), key=lambda pid: len(psutil.Process(pid).net_connections("tcp4")))


def answered(callers: Callers, more: int, log: Path) -> None:
    """Wait for so many more answers than there are."""
    enough = len(callers.answers) + more
    until(lambda: len(callers.answers) >= enough, 30, log)


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_when_redis_the_database_and_a_worker_are_killed(
    model_folder: Path, postgres: Postgres, tmp_path: Path
) -> None:
    tag = package(model_folder, ModelRef(name="tickets", version="3"), tmp_path / "home", {}, root=ROOT)
    database = postgres.database(uuid.uuid4().hex)
    redis = Redis(tmp_path)
    environment = {"TICKET_TRIAGE_WORKERS": "2", "DATABASE_URL": database, "REDIS_URL": redis.url}
    service = Service(tmp_path / "home", tag, tmp_path, **environment, TICKET_TRIAGE_DATABASE_TIMEOUT="1")
    with redis, service:
        degraded: set[str] = set()

        def look() -> set[str]:
            """What any worker says is degraded; two answer in turn."""
            with contextlib.suppress(httpx.TransportError):
                degraded.update(httpx.get(f"{service.url}/readyz", timeout=10).json().get("degraded", []))
            return degraded

        with Callers(service.url, 6, again=True) as callers:
            answered(callers, 20, service.log)
            redis.kill()
            until(lambda: "redis" in look(), 20, service.log)
            answered(callers, 20, service.log)
            redis.start()
            postgres.kill()
            until(lambda: "database" in look(), 20, service.log)
            answered(callers, 20, service.log)
            # What the killed worker had not stored is on the disk, and the database away.
            os.kill(busiest(service), signal.SIGKILL)
            answered(callers, 20, service.log)
            postgres.start()
            answered(callers, 20, service.log)
        assert not callers.lost and callers.broken
        with psycopg.connect(database, autocommit=True) as connection:

            def stored() -> dict[str, str]:
                return {row[0]: row[1]["text"] for row in connection.execute(STORED).fetchall()}

            until(lambda: set(callers.answers) <= set(stored()), 60, service.log)
            until(lambda: httpx.get(f"{service.url}/readyz").json()["degraded"] == [], 30, service.log)
            kept = stored()
    # A worker that is killed may have recorded what it could not send any more: asked again, that is answered anew.
    records = Counter(kept.values())
    records.subtract(callers.broken)
    doubled = {text: count for text, count in records.items() if count > 1}
    print(
        f"answers {len(callers.answers)}, lost {len(callers.lost)}; records of them lost "
        f"{len(set(callers.answers) - set(kept))}, doubled {len(doubled)}; asked again {len(callers.broken)}"
    )
    assert not doubled
