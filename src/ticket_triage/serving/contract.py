"""The bodies that routes take and give beside the ticket and its prediction, as types with an example each."""

from typing import Any, Literal

from pydantic import AwareDatetime, Field

from ticket_triage.breaker import State
from ticket_triage.feedback.records import Variant
from ticket_triage.schema import (
    Frozen,
    Measured,
    ModelRef,
    Prediction,
    Task,
    Ticket,
)


class Error(Frozen):
    """What is wrong, in one sentence."""

    error: str


class Batch(Frozen):
    """Tickets that are answered at once, each for itself."""

    tickets: list[Ticket] = Field(min_length=1)


class Results(Frozen):
    """A prediction for each ticket, or what is wrong with it, in their order."""

    results: list[Prediction | Error]


class Canaries(Frozen):
    """The tickets that a model proves itself with when it starts: how many, and how many had the right answer."""

    tickets: int
    passed: int


class TaxonomyRef(Frozen):
    """Which experts' file a model was trained by; the digest is the SHA-256 of its content."""

    name: str
    digest: str


class Description(Frozen):
    """The version that answers, what it can say, what it was worth, and what keeps it from being ready.

    All but `ready` and `faults` is null where no model could be loaded.
    """

    ready: bool
    faults: tuple[str, ...] = ()
    name: str | None = None
    version: str | None = None
    canaries: Canaries | None = None
    classes: dict[Task, tuple[str, ...]] | None = None
    thresholds: dict[Task, float] | None = None
    taxonomy: TaxonomyRef | None = None
    metrics: Measured | None = None


class CategoryRoute(Frozen):
    """A category, who acts on it, and how soon by default."""

    label: str
    department: str
    team: str
    base_priority: Literal["low", "medium", "high"]


class TaxonomyDescription(Frozen):
    """The labels that can be given, and to whom they go."""

    name: str
    digest: str
    categories: tuple[CategoryRoute, ...]
    priorities: tuple[str, ...]
    departments: tuple[str, ...]
    teams: tuple[str, ...]


class Readiness(Frozen):
    """`degraded` names what does not work or waits behind the service while predictions go on."""

    ready: bool
    degraded: tuple[str, ...]
    breakers: dict[str, State]
    spool: dict[str, int]


class LoggedCorrection(Frozen):
    """What a person said of a prediction."""

    correction_id: str
    at: AwareDatetime
    category: str | None
    priority: str | None
    by: str | None
    note: str | None


class Logged(Frozen):
    """A decision: the masked ticket as the model saw it, what was answered, and how it was corrected since.

    A `shadow` answer was logged and not given; `caller` is the name of the key that asked. What is not `stored` still
    lies on the disk of the machine that was asked, with the corrections that wait there.
    """

    prediction_id: str
    at: AwareDatetime
    variant: Variant
    shadow: bool
    caller: str | None
    request_id: str | None
    ticket: dict[str, Any]
    cached: bool
    degraded: bool
    prediction: Prediction
    corrections: list[LoggedCorrection]
    stored: bool


class Replayed(Frozen):
    """The ticket answered again; `same`: bit for bit, else `differs` names the fields that are not.

    `answer` is a prediction without its id, model and latency.
    """

    prediction_id: str
    model: ModelRef
    same: bool
    differs: list[str]
    answer: dict[str, Any]


class RolloutState(Frozen):
    """`guard` has a row for each figure that is watched, and what was found of it so far."""

    mode: Literal["off", "shadow", "canary"]
    share: float
    rollout: str | None
    champion: ModelRef
    challenger: ModelRef | None
    shadow_queue: int
    dropped: int
    alerts: int
    unsent: int
    guard: list[dict[str, Any]]


class Alive(Frozen):
    """The process answers."""

    alive: Literal[True] = True
