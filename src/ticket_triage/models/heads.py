"""What decides a task in a triage model: its members' places in the vote, its threshold, sets and guard."""

from typing import Any

from ticket_triage.models.calibration import Guard, Sets, Threshold
from ticket_triage.models.fallback import Fallback
from ticket_triage.models.rows import Spec
from ticket_triage.schema import Frozen


class Voter(Frozen):
    """A member's place in the vote of a task; its classifier is the file `estimator`."""

    family: str
    weight: float
    temperature: float
    estimator: str
    linear: bool
    specs: tuple[Spec, ...]
    values: dict[str, Any]
    score: float
    gain: float = 0.0  # log-loss that the vote has less by it, out of fold


class Head(Frozen):
    """All that decides one task."""

    classes: tuple[str, ...]
    voters: tuple[Voter, ...]
    temperature: float
    threshold: Threshold
    sets: Sets | None = None
    guard: Guard | None = None  # of priority alone
    fallback: Fallback | None = None  # answers where no member can; None: the taxonomy has no rules
