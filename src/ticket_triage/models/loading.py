"""What MLflow calls to open a logged model: `mlflow.pyfunc.load_model(...).predict(frame)`."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from ticket_triage.models import shelf
from ticket_triage.models.triage_model import TriageModel


def flat(model: TriageModel, tickets: pd.DataFrame) -> pd.DataFrame:
    """Full predictions in columns of plain types: lists as JSON, a label that a model lacks as an empty string."""
    answer = model.predict(tickets)
    for name in answer.columns:
        if name.endswith(("reasons", "_set")) or name in ("escalation", "neighbours"):
            answer[name] = [json.dumps(value) for value in answer[name]]
        elif not name.endswith("_confidence") and name != "degraded":
            answer[name] = answer[name].fillna("").astype(str)
    return answer


class Served:
    """A triage model answers raw tickets, a member its feature rows."""

    def __init__(self, path: Path) -> None:
        self._model = TriageModel.load(path) if (path / "model.json").exists() else shelf.load(path)

    def predict(self, frame: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Full predictions of a triage model, probabilities of a member."""
        if isinstance(self._model, TriageModel):
            return flat(self._model, frame)
        return self._model.predict_proba(frame)


def _load_pyfunc(path: str) -> Served:
    """MLflow looks for this name."""
    return Served(Path(path))
