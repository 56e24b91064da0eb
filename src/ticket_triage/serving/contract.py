"""The bodies that routes take and give beside the ticket and its prediction, as types with an example each."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from ticket_triage.breaker import State
from ticket_triage.feedback.records import Correction, Feedback, Variant
from ticket_triage.schema import (
    Answer,
    Figure,
    Frozen,
    Measured,
    ModelRef,
    Neighbour,
    Prediction,
    Reason,
    Task,
    Ticket,
)

PREDICTION = Prediction(
    prediction_id="0f8fad5bd9cb469fa16570867728950e",
    model=ModelRef(name="ticket-triage", version="3"),
    category=Answer(label="billing_payment", confidence=0.83, prediction_set=("billing_payment",)),
    priority=Answer(label="high", confidence=0.71, prediction_set=("high", "medium")),
    department="Billing",
    team="finance",
    decision="auto",
    review_reasons=(),
    escalation=("high priority",),
    reasons=(Reason(task="category", feature="charged twice", kind="text", weight=0.41),),
    neighbours=(
        Neighbour(
            key="9b8a1f0c2d3e4f5a",
            similarity=0.82,
            category="billing_payment",
            priority="high",
            excerpt="my card was charged two times for one order",
        ),
    ),
    sentiment="negative",
    language="en",
    latency_ms=7.9,
)
TICKET = Ticket(text="I was charged twice for my order #4411")


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

    A `shadow` answer was logged and not given; `caller` is the name of the key that asked.
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


DESCRIPTION = Description(
    ready=True,
    name="ticket-triage",
    version="3",
    canaries=Canaries(tickets=12, passed=12),
    classes={"category": ("billing_payment", "technical_support"), "priority": ("low", "medium", "high")},
    thresholds={"category": 0.62, "priority": 0.58},
    taxonomy=TaxonomyRef(name="support", digest="5f70bf18a0860070"),
    metrics=Measured(
        on="the gold test",
        figures={"category": {"macro_f1": Figure(value=0.8102, low=0.7853, high=0.8324)}},
    ),
)
TAXONOMY = TaxonomyDescription(
    name="support",
    digest="5f70bf18a0860070",
    categories=(
        CategoryRoute(label="billing_payment", department="Billing", team="finance", base_priority="medium"),
    ),
    priorities=("low", "medium", "high"),
    departments=("Billing",),
    teams=("finance",),
)
READINESS = Readiness(
    ready=True,
    degraded=("redis",),
    breakers={"redis": "open", "database": "closed"},
    spool={"records": 0, "bytes": 0, "rejected": 0},
)
ROLLOUT = RolloutState(
    mode="off",
    share=0,
    rollout=None,
    champion=PREDICTION.model,
    challenger=None,
    shadow_queue=0,
    dropped=0,
    alerts=0,
    unsent=0,
    guard=[],
)
_AT = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
FEEDBACK = Feedback(
    prediction_id=PREDICTION.prediction_id, category="order_status", priority="medium", by="ann"
)
CORRECTION = Correction(
    correction_id="5b7f1f0c8d0e4c0f9a1d2c3b4a596877",
    at=_AT + timedelta(hours=1),
    **FEEDBACK.model_dump(),
)
LOGGED = Logged(
    prediction_id=PREDICTION.prediction_id,
    at=_AT,
    variant="champion",
    shadow=False,
    caller="shop",
    request_id="order-17",
    ticket={"text": TICKET.text},
    cached=False,
    degraded=False,
    prediction=PREDICTION,
    corrections=[LoggedCorrection(**CORRECTION.model_dump(exclude={"prediction_id"}))],
)
REPLAYED = Replayed(
    prediction_id=PREDICTION.prediction_id,
    model=PREDICTION.model,
    same=True,
    differs=[],
    answer=PREDICTION.model_dump(mode="json", exclude={"prediction_id", "model", "latency_ms"}),
)
