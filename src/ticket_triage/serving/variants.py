"""Which predictor answers a ticket."""

from dataclasses import dataclass

from ticket_triage.feedback.records import Variant
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
        self.champion = predictor

    def turn(self, customer: str | None, prediction_id: str) -> Turn:
        """Who answers a ticket of this customer."""
        return Turn(self.champion)

    def predictor(self, ref: ModelRef) -> Predictor | None:
        """The predictor of exactly this version, where it is here."""
        return self.champion if ref == self.champion.ref else None
