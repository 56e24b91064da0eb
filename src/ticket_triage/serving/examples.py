"""An example of each body, as the OpenAPI document shows it."""

from datetime import UTC, datetime, timedelta

from ticket_triage.feedback.records import Correction, Feedback
from ticket_triage.schema import Answer, Figure, Measured, ModelRef, Neighbour, Prediction, Reason, Ticket
from ticket_triage.serving.contract import (
    Canaries,
    CategoryRoute,
    Description,
    Logged,
    LoggedCorrection,
    Readiness,
    Replayed,
    RolloutState,
    TaxonomyDescription,
    TaxonomyRef,
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
    stored=True,
)
REPLAYED = Replayed(
    prediction_id=PREDICTION.prediction_id,
    model=PREDICTION.model,
    same=True,
    differs=[],
    answer=PREDICTION.model_dump(mode="json", exclude={"prediction_id", "model", "latency_ms"}),
)
