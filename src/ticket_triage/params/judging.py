"""How a model decides, and how it is judged: assemble, audit, evaluate, register, promote, package, monitor."""

from typing import Annotated, Literal

from pydantic import Field

from ticket_triage.params.section import Count, Section, Share
from ticket_triage.schema import Task

Minutes = Annotated[float, Field(ge=0)]


class Costs(Section):
    """What a mistake that nobody saw and a review cost, in minutes of work."""

    missed_urgent: Minutes
    wrong_category: Minutes
    wrong_priority: Minutes
    review: Minutes


class Capacity(Section):
    """Tickets an hour."""

    reviewers_can: Annotated[float, Field(ge=0)]
    incoming: Annotated[float, Field(gt=0)]


class Assemble(Section):
    """How members become one triage model."""

    decide_by: Literal["promise", "costs", "capacity"]
    costs: Costs
    capacity: Capacity
    promised_precision: dict[Task, Share]
    promise_risk: Share
    class_thresholds: bool
    coverage: dict[Task, Share]
    max_missed_high: Share
    fallback_threshold: Share
    min_calibration: Count
    min_gain: Annotated[float, Field(ge=0)]
    canaries: Count
    neighbours: Annotated[int, Field(ge=0)]
    excerpt: Annotated[int, Field(ge=0)]
    reference: Count
    seed: int


class Audit(Section):
    """Which gold labels are worth reading again."""

    filter: Literal[
        "prune_by_class",
        "prune_by_noise_rate",
        "both",
        "confident_learning",
        "predicted_neq_given",
        "low_normalized_margin",
        "low_self_confidence",
    ]
    score: Literal["self_confidence", "normalized_margin", "confidence_weighted_entropy"]
    min_confidence: Share
    shown: Count


class Evaluate(Section):
    """How sure a figure must be said to be."""

    bootstrap: Count
    confidence: Share
    min_slice: Count
    recall_high: Share
    deletion: Count
    seed: int


class Register(Section):
    """Nothing to choose yet."""


# `auto_precision` and its like are at each model's own thresholds: one that routes more, as promised, is less precise.
Guarded = Literal[
    "macro_f1",
    "accuracy",
    "accuracy_second",
    "ece",
    "aurc",
    "log_loss",
    "auto_share",
    "auto_precision",
    "auto_precision_strict",
    "sure_share",
    "sure_precision",
    "recall_high",
    "precision_high",
    "precision_at_recall",
    "missed_high",
]


class Policy(Section):
    """When a candidate takes the champion's place."""

    guarded: Annotated[tuple[Guarded, ...], Field(strict=False)]
    floors: dict[Task, Share]
    max_loss: Share
    max_missed_high: Share
    confidence: Share


class Promote(Section):
    """How candidate and champion are compared."""

    policy: Policy
    bootstrap: Count
    seed: int


class Package(Section):
    """The Bento."""

    name: str


class Drift(Section):
    """Effect sizes from which a column counts as drifted, and the share of such columns that is an alarm.

    A predicted label that is as far as `prediction` is an alarm by itself.
    """

    numeric: Annotated[float, Field(gt=0)]
    categorical: Annotated[float, Field(gt=0)]
    prediction: Annotated[float, Field(gt=0)]
    share: Share


class Monitor(Section):
    """Which tickets are compared with the champion's reference."""

    window_days: Count
    max_rows: Count
    seed: int
    drift: Drift
