"""One ticket in, one full prediction out: what every way of serving goes through."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ticket_triage import files
from ticket_triage.models.canaries import faults
from ticket_triage.schema import TASKS, Explain, Measured, ModelRef, Prediction, Ticket

if TYPE_CHECKING:
    from ticket_triage.models.triage_model import TriageModel

REASONS = 5  # at most, for each task
REF = "ref.json"
METRICS = "metrics.json"  # beside it: what the version was worth on gold
_SAID = (
    *("department", "team", "decision", "review_reasons", "escalation", "reasons", "neighbours"),
    *("sentiment", "language"),
)


class Predictor:
    """Answers tickets with one version of a triage model."""

    def __init__(self, model: "TriageModel", ref: ModelRef, measured: Measured | None = None) -> None:
        self.model = model
        self.ref = ref
        self.ref_json = ref.model_dump_json().encode()
        self.measured = measured or Measured()

    @classmethod
    def load(cls, folder: Path) -> "Predictor":
        """Load a saved triage model.

        Raises:
            TriageError: a file is missing or is not what was saved.
        """
        # Brings NumPy, and scikit-learn and the trees where the model was not packaged: importing the service must not
        # cost that.
        from ticket_triage.models.triage_model import TriageModel

        return cls(TriageModel.load(folder), read_ref(folder), read_measured(folder))

    def predict(self, ticket: Ticket, explain: Explain = "short") -> Prediction:
        """Answer one ticket under a new prediction id; `full` also leaves out each word in turn, at its own price."""
        started = perf_counter()
        answer = self.answer(masked(ticket), explain)
        return self.prediction(answer, uuid.uuid4().hex, round((perf_counter() - started) * 1000, 3))

    def prediction(self, answer: Mapping[str, Any], prediction_id: str, latency_ms: float) -> Prediction:
        """An answer of `answer` as it is sent."""
        return Prediction(prediction_id=prediction_id, model=self.ref, **answer, latency_ms=latency_ms)

    def answer(self, given: Mapping[str, Any], explain: Explain = "short") -> dict[str, Any]:
        """All of a prediction that follows from the ticket alone: JSON values, equal for equal tickets.

        Args:
            given: of `masked`.
        """
        row = self.model.single.answer(given, reasons=REASONS)
        effects = None
        if explain == "full":
            from ticket_triage.models import occlusion  # as in `load`

            effects = occlusion.effects(self.model.single, given, row, REASONS)
        return {
            **{task: _label(row[task], row[f"{task}_confidence"], row[f"{task}_set"]) for task in TASKS},
            **{name: row[name] for name in _SAID},
            "effects": effects,
            "degraded": bool(row["degraded"]),
        }

    def check(self) -> list[str]:
        """One sentence for each canary ticket whose answer is not the one it had when the model was made.

        Raises whatever answering them raises: reasons and all, as a request would have it.
        """
        if not self.model.canaries:
            return ["the model has no canary tickets to prove itself with"]
        found = []
        for canary in self.model.canaries:
            said = self.predict(Ticket(text=canary["text"]))
            given = {task: getattr(said, task) for task in TASKS}
            got = {task: (one.label, one.confidence) for task, one in given.items() if one is not None}
            found += faults(canary, got)
        return found


def read_ref(folder: Path) -> ModelRef:
    """Which registered version a model folder holds, by its `ref.json`.

    A folder without one is a model that was never registered: its version is its content's hash.
    """
    folder = Path(folder)
    if (folder / REF).exists():
        return ModelRef.model_validate(files.read_json(folder / REF))
    return ModelRef(name=folder.name, version=f"unregistered-{files.sha256(folder)[:12]}")


def read_measured(folder: Path) -> Measured:
    """What the version in a model folder was worth, by its `metrics.json`; nothing where there is none."""
    path = Path(folder) / METRICS
    return Measured.model_validate(files.read_json(path)) if path.exists() else Measured()


def masked(ticket: Ticket) -> dict[str, Any]:
    """What the model is given of a ticket, and all that is kept of it: no personal data, and no field that is empty.

    Subject, text and description are one text.
    """
    from ticket_triage import features  # as in `Predictor.load`
    from ticket_triage import text as rules

    given = {name: value for name, value in dict(ticket).items() if value is not None}
    if description := given.pop("description", None):
        given["text"] = f"{given['text']}\n{description}"
    text = features.masked(given)
    del given["text"]
    given.pop("subject", None)
    given.pop("customer", None)
    for name in ("channel", "tier", "language"):
        if name in given:
            given[name] = rules.mask(given[name])
    return {"text": text, **given}


def as_logged(seen: Mapping[str, Any]) -> dict[str, Any]:
    """What `masked` gave as JSON values; `as_seen` turns it back."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in seen.items()}


def as_seen(logged: Mapping[str, Any]) -> dict[str, Any]:
    """What the model was given, of what the log keeps of it."""
    times = ("created_at", "received_at")
    return {name: datetime.fromisoformat(value) if name in times else value for name, value in logged.items()}


def _label(label: Any, confidence: Any, among: list[str] | None) -> dict[str, Any] | None:
    if label is None:
        return None
    sure = round(min(max(float(confidence), 0.0), 1.0), 6)
    return {"label": label, "confidence": sure, "prediction_set": among}
