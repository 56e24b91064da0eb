"""What is sent and what comes back, as the service's OpenAPI document describes it.

Answers may get more fields: those that are not known here are left out. Times are aware.
"""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

Task = Literal["category", "priority"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Ticket(BaseModel):
    """A ticket: only the text is needed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    subject: str | None = None
    description: str | None = None
    created_at: AwareDatetime | None = None
    received_at: AwareDatetime | None = None
    channel: str | None = None
    customer: str | None = None
    tier: str | None = None
    earlier_tickets: int | None = None
    language: str | None = None
    urgency: Literal["low", "normal", "high", "critical"] | None = None


class Failure(_Value):
    """What is wrong with one ticket among several, in a sentence."""

    error: str


class ModelRef(_Value):
    """The exact version that answered."""

    name: str
    version: str


class Answer(_Value):
    """A label, the probability that it is right, and the labels that may be right."""

    label: str
    confidence: float
    prediction_set: tuple[str, ...] | None = None


class Reason(_Value):
    """What pushed the answer, and its share of the evidence."""

    task: Task
    feature: str
    kind: Literal["text", "feature", "rule"]
    weight: float


class Neighbour(_Value):
    """A ticket that the model learnt from and that this one is like."""

    key: str
    similarity: float
    category: str | None = None
    priority: str | None = None
    excerpt: str


class Effect(_Value):
    """A word, and by how much the probability is higher with it."""

    task: Task
    word: str
    change: float


class Prediction(_Value):
    """The answer to a ticket; a task that the model was not trained for is None."""

    prediction_id: str
    model: ModelRef
    category: Answer | None = None
    priority: Answer | None = None
    department: str | None = None
    team: str | None = None
    decision: Literal["auto", "review"]
    review_reasons: tuple[str, ...] = ()
    escalation: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    effects: tuple[Effect, ...] | None = None
    degraded: bool = False
    sentiment: Literal["negative", "neutral", "positive"] | None = None
    language: str | None = None
    latency_ms: float | None = None


class LoggedCorrection(_Value):
    """What a person said of a prediction."""

    correction_id: str
    at: AwareDatetime
    category: str | None = None
    priority: str | None = None
    by: str | None = None
    note: str | None = None


class Correction(LoggedCorrection):
    """A correction as it was kept."""

    prediction_id: str


class Logged(_Value):
    """A decision: the masked ticket, what was answered, how it was corrected; not `stored`: it waits on a disk."""

    prediction_id: str
    at: AwareDatetime
    variant: Literal["champion", "challenger"]
    shadow: bool
    caller: str | None = None
    request_id: str | None = None
    ticket: dict[str, Any]
    cached: bool
    degraded: bool
    prediction: Prediction
    corrections: tuple[LoggedCorrection, ...] = ()
    stored: bool = True  # as releases did that did not say


class Replayed(_Value):
    """The logged ticket answered again; `differs` names the fields that are not the same."""

    prediction_id: str
    model: ModelRef
    same: bool
    differs: tuple[str, ...] = ()
    answer: dict[str, Any]


class Figure(_Value):
    """A figure measured on gold, and its interval."""

    value: float
    low: float
    high: float


class Measured(_Value):
    """What a version was worth, by task and figure."""

    on: str | None = None
    figures: dict[Task, dict[str, Figure]] = {}
    urgent: str | None = None


class Canaries(_Value):
    """The tickets that a model proves itself with."""

    tickets: int
    passed: int


class TaxonomyRef(_Value):
    """Which taxonomy a model was trained by."""

    name: str
    digest: str


class Description(_Value):
    """The version that answers, what it can say and what it was worth."""

    ready: bool
    faults: tuple[str, ...] = ()
    name: str | None = None
    version: str | None = None
    canaries: Canaries | None = None
    classes: dict[Task, tuple[str, ...]] | None = None
    thresholds: dict[Task, float] | None = None
    taxonomy: TaxonomyRef | None = None
    metrics: Measured | None = None


class CategoryRoute(_Value):
    """A category and who acts on it."""

    label: str
    department: str
    team: str
    base_priority: Literal["low", "medium", "high"]


class TaxonomyDescription(_Value):
    """The labels that can be given, and to whom they go."""

    name: str
    digest: str
    categories: tuple[CategoryRoute, ...]
    priorities: tuple[str, ...]
    departments: tuple[str, ...]
    teams: tuple[str, ...]


class Readiness(_Value):
    """Whether the service answers, and what behind it does not work."""

    ready: bool
    degraded: tuple[str, ...] = ()
    breakers: dict[str, Literal["closed", "open", "half_open"]] = {}
    spool: dict[str, int] = {}
