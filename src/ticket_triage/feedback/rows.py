"""Records as rows of the decision log's tables, and back."""

from collections.abc import Mapping
from typing import Any

from ticket_triage.feedback.records import Correction, Decision
from ticket_triage.schema import ModelRef


def decision_row(one: Decision) -> dict[str, Any]:
    """A row of `DECISIONS`."""
    same = ("prediction_id", "shadow", "at", "variant", "caller", "request_id", "customer", "latency_ms")
    answer = one.answer
    return {
        **{name: getattr(one, name) for name in (*same, "cached", "degraded", "ticket", "answer")},
        "model_name": one.model.name,
        "model_version": one.model.version,
        "category": (answer.get("category") or {}).get("label"),
        "priority": (answer.get("priority") or {}).get("label"),
        "decision": answer.get("decision"),
    }


def decision(row: Mapping[str, Any]) -> Decision:
    """What `decision_row` kept."""
    same = {name: row[name] for name in Decision.model_fields if name != "model"}
    model = ModelRef(name=row["model_name"], version=row["model_version"])
    return Decision.model_validate({**same, "model": model})


def audit_row(one: Correction) -> dict[str, Any]:
    """The row of `AUDIT` that a correction leaves."""
    return {
        "audit_id": f"correct:{one.correction_id}",
        "at": one.at,
        "action": "correct",
        "by": one.by,
        "customer": None,
        "detail": {"prediction_id": one.prediction_id},
    }
