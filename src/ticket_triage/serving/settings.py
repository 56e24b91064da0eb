"""How the service is set up: the only place that reads its environment variables."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from ticket_triage.files import TriageError
from ticket_triage.schema import Frozen
from ticket_triage.serving.logs import Style

PREFIX = "TICKET_TRIAGE_"
# One thread a worker: several on a busy machine slow the trees down many times over.
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
# Names that everything else on a machine uses too.
_SHARED = {
    "database_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
    "traces": "OTEL_EXPORTER_OTLP_ENDPOINT",
    "registry": "MLFLOW_TRACKING_URI",
}


class Settings(Frozen):
    """Each field is the environment variable of its name in capitals with `TICKET_TRIAGE_` before it."""

    # In a Bento the code is at src/ticket_triage and the model at src/model.
    model: Path = Path(__file__).parents[2] / "model"
    state: Path = Path("state")  # spool, database, keys and rollout; shared by the workers of a machine
    metrics: Path | None = None  # figures of the workers of a server; None: `metrics` in `state`
    database_url: str | None = None  # of the decision log; None: SQLite in `state`
    database_timeout: float = Field(default=5, ge=0.5)  # seconds
    retention_days: float | None = Field(default=None, gt=0)  # decisions older than this go; None: they stay
    # Of customers' pseudonyms; None: one is drawn and kept in `state`.
    salt: str | None = Field(default=None, min_length=16)
    workers: int = Field(default=1, ge=1, le=64)
    body_limit: int = Field(default=256 * 1024, ge=1_024)  # bytes
    batch_limit: int = Field(default=16 * 1024 * 1024, ge=1_024)  # bytes
    batch_tickets: int = Field(default=1_000, ge=1)
    cache_answers: int = Field(default=10_000, ge=0)  # 0: none are kept
    redis_url: str | None = Field(default=None, pattern=r"^(redis|rediss|unix)://")  # answers for all workers
    cache_seconds: int = Field(default=86_400, ge=1)  # that Redis keeps an answer
    timeout: float = Field(default=30, gt=0)  # seconds
    drain: float = Field(default=5, ge=0)  # seconds for which a worker that is to end lets requests in
    log: Style = "json"
    traces: str | None = Field(default=None, pattern=r"^https?://")  # who collects them
    # A rollout: the Bento's challenger, versions in memory that no longer answer, answers beside that may wait, alerts.
    challenger: Path = Path(__file__).parents[2] / "challenger"
    versions_kept: int = Field(default=2, ge=0)
    shadow_queue: int = Field(default=256, ge=1)
    alert_url: str | None = Field(default=None, pattern=r"^https?://")
    registry: str | None = None  # told what the guard did, where it is a server
    # Its guard: the chance of a false alarm, and how much worse than the champion a challenger may be.
    guard_alpha: float = Field(default=0.05, gt=0, lt=1)
    guard_errors: float = Field(default=0.01, ge=0, le=1)  # share of answers
    guard_review: float = Field(default=0.1, ge=0, le=1)
    guard_overrides: float = Field(default=0.05, ge=0, le=1)
    guard_disagreement: float = Field(default=0.3, ge=0, le=1)
    guard_latency: float = Field(default=1.5, ge=1)  # times as long
    # What is turned away: slow bodies, more bodies than fit, more tickets than are answered in time, bulk beside bulk.
    body_seconds: float = Field(default=10, gt=0)
    body_room: int = Field(default=64 * 1024 * 1024, ge=1_024)  # bytes, of all bodies of a worker
    queue_seconds: float = Field(default=1, gt=0)
    bulk: int = Field(default=4, ge=1)  # batches, streams and full explanations of a worker at once
    open: bool = False  # let everyone on this machine in, without a key
    cors: str = ""  # origins whose pages may ask, with commas between them; none may if it is empty

    @property
    def origins(self) -> list[str]:
        """The origins of `cors`."""
        return [origin.strip() for origin in self.cors.split(",") if origin.strip()]


def hand_down(given: Settings) -> None:
    """Let processes started from here find the same state, in whatever folder they start, and compute in one thread."""
    os.environ[f"{PREFIX}STATE"] = str(given.state.absolute())
    for name, value in THREADS.items():
        os.environ.setdefault(name, value)


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process.

    Raises:
        TriageError: a variable is not what its setting takes, or there is no setting of that name.
    """
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX)
    }
    shared = {
        field: environment[name]
        for field, name in _SHARED.items()
        if environment.get(name) and field in Settings.model_fields
    }
    try:
        return Settings.model_validate({**given, **shared})
    except ValidationError as error:
        raise TriageError("; ".join(_fault(fault["loc"], fault["msg"]) for fault in error.errors())) from None


def _fault(place: tuple[int | str, ...], message: str) -> str:
    name = str(place[0]) if place else ""
    if name not in Settings.model_fields:
        return f"{PREFIX}{name.upper()} is no setting of the service"
    return f"{_SHARED.get(name, PREFIX + name.upper())}: {message[0].lower()}{message[1:]}"
