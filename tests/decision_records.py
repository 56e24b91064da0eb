"""Decisions and corrections as tests need them."""

import uuid
from datetime import UTC, datetime
from typing import Any

from ticket_triage.feedback.records import Correction, Decision
from ticket_triage.schema import ModelRef

AT = datetime(2026, 3, 2, 9, 15, 0, 123456, UTC)


def decision(**more: Any) -> Decision:
    given: dict[str, Any] = {
        "prediction_id": uuid.uuid4().hex,
        "at": AT,
        "model": ModelRef(name="tickets", version="3"),
        "ticket": {"text": "a parcel \x00 is late 😀", "created_at": "2026-03-02T09:15:00+00:00"},
        "answer": {
            "category": {"label": "delivery", "confidence": 0.1 + 0.2, "prediction_set": ["delivery"]},
            "priority": None,
            "decision": "auto",
        },
        "latency_ms": 7.125,
    }
    return Decision(**(given | more))


def correction(prediction_id: str, **more: Any) -> Correction:
    given: dict[str, Any] = {
        "correction_id": uuid.uuid4().hex,
        "prediction_id": prediction_id,
        "at": AT,
        "priority": "high",
    }
    return Correction(**(given | more))
