"""One ticket in, one full prediction out: what every way of serving goes through."""

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from ticket_triage import files
from ticket_triage.schema import (
    TASKS,
    Answer,
    Effect,
    Explain,
    ModelRef,
    Neighbour,
    Prediction,
    Reason,
    Ticket,
)

if TYPE_CHECKING:
    from ticket_triage.models.triage_model import TriageModel

REASONS = 5  # at most, for each task
REF = "ref.json"


class Predictor:
    """Answers tickets with one version of a triage model."""

    def __init__(self, model: "TriageModel", ref: ModelRef) -> None:
        self.model = model
        self.ref = ref

    @classmethod
    def load(cls, folder: Path) -> "Predictor":
        """Load a saved triage model.

        Raises:
            TriageError: a file is missing or is not what was saved.
        """
        # Brings scikit-learn and the trees: seconds that importing the service must not cost.
        from ticket_triage.models.triage_model import TriageModel

        return cls(TriageModel.load(folder), read_ref(folder))

    def predict(self, ticket: Ticket, explain: Explain = "short") -> Prediction:
        """Answer one ticket under a new prediction id; `full` also leaves out each word in turn, at its own price."""
        given, effects = dict(ticket), None
        row = self.model.single.answer(given, reasons=REASONS)
        if explain == "full":
            from ticket_triage.models import occlusion  # as in `load`

            found = occlusion.effects(self.model.single, given, row, REASONS)
            effects = tuple(Effect.model_validate(effect) for effect in found)
        answers = {task: _answer(row[task], row[f"{task}_confidence"], row[f"{task}_set"]) for task in TASKS}
        return Prediction(
            prediction_id=uuid.uuid4().hex,
            model=self.ref,
            category=answers["category"],
            priority=answers["priority"],
            department=row["department"],
            team=row["team"],
            decision=cast(Literal["auto", "review"], row["decision"]),
            review_reasons=tuple(row["review_reasons"]),
            escalation=tuple(row["escalation"]),
            reasons=tuple(Reason.model_validate(reason) for reason in row["reasons"]),
            neighbours=tuple(Neighbour.model_validate(one) for one in row["neighbours"]),
            effects=effects,
            degraded=bool(row["degraded"]),
        )

    def check(self) -> list[str]:
        """One sentence for each canary ticket whose answer is not the one it had when the model was made.

        Raises whatever answering them raises: reasons and all, as a request would have it.
        """
        if not self.model.canaries:
            return ["the model has no canary tickets to prove itself with"]
        for canary in self.model.canaries:
            self.predict(Ticket(text=canary["text"]))
        return self.model.check()


def read_ref(folder: Path) -> ModelRef:
    """Which registered version a model folder holds, by its `ref.json`.

    A folder without one is a model that was never registered: its version is its content's hash.
    """
    folder = Path(folder)
    if (folder / REF).exists():
        return ModelRef.model_validate(files.read_json(folder / REF))
    return ModelRef(name=folder.name, version=f"unregistered-{files.sha256(folder)[:12]}")


def _answer(label: Any, confidence: Any, among: list[str] | None) -> Answer | None:
    if label is None:
        return None
    sure = round(min(max(float(confidence), 0.0), 1.0), 6)
    return Answer(label=label, confidence=sure, prediction_set=None if among is None else tuple(among))
