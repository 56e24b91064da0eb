"""Who answers a ticket, where one model answers them all."""

from dataclasses import dataclass
from typing import Any

from ticket_triage.feedback.records import Decision, Variant
from ticket_triage.schema import ModelRef
from ticket_triage.serving.predictor import Predictor


@dataclass(frozen=True, slots=True)
class Turn:
    """Who answers one ticket, and who answers beside, unseen."""

    predictor: Predictor
    variant: Variant = "champion"
    shadow: Predictor | None = None


class Fixed:
    """One model for every ticket."""

    def __init__(self, predictor: Predictor) -> None:
        self.own = predictor

    @property
    def champion(self) -> Predictor:
        """Who answers unless a rollout says otherwise."""
        return self.own

    def turn(self, customer: str | None, prediction_id: str) -> Turn:
        """Who answers a ticket of this customer."""
        return Turn(self.champion)

    def failed(self, turn: Turn) -> Turn | None:
        """Who answers in place of one that raised, or None: nobody else is here."""
        return None

    def observe(self, turn: Turn, decision: Decision, timed: bool = True) -> None:
        """Hear of a decision that was recorded; `timed` is False where its time says nothing of the model's."""

    def corrected(self, decision: Decision) -> None:
        """Hear that a person gave a decision another label than it had, for the first time."""

    def predictor(self, ref: ModelRef) -> Predictor | None:
        """The predictor of exactly this version, where it is here."""
        return self.own if ref == self.own.ref else None

    def close(self) -> None:
        """End what goes on beside the tickets."""

    def refs(self) -> tuple[ModelRef, ...]:
        """The versions that answer."""
        return (self.champion.ref,)

    def state(self) -> dict[str, Any]:
        """What runs, as JSON values."""
        return {"mode": "off", "champion": self.champion.ref.model_dump()}
