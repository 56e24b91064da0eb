"""What a model says of itself is held against what was measured."""

from dataclasses import replace
from functools import cache

import pytest
import small_model

from ticket_triage import params
from ticket_triage.evaluation import Evaluation, claims, evaluate
from ticket_triage.intervals import Figure
from ticket_triage.models.calibration import Guard, Sets, Threshold

SETTINGS = params.Evaluate(bootstrap=30, confidence=0.95, min_slice=30, recall_high=0.7, deletion=40, seed=0)


@cache
def measured() -> Evaluation:
    model = small_model.SmallModel.fit(small_model.tickets(150, seed=2))
    return evaluate(model, small_model.tickets(160, seed=1), None, SETTINGS)


def told(promised: float, precision: tuple[float, float, float]) -> claims.Claim:
    """The promise of category with that precision measured."""
    whole = measured()
    part = whole.tasks["category"]
    part = replace(
        part,
        threshold=Threshold(value=0.6, why="", promised=promised),
        figures=part.figures | {"sure_precision": Figure(*precision)},
    )
    return claims.claims(replace(whole, tasks={"category": part}))[0]


@pytest.mark.parametrize(
    ("precision", "holds", "verdict"),
    [
        ((0.92, 0.88, 0.95), True, "kept"),
        ((0.89, 0.85, 0.93), None, "below, by no more than chance"),
        ((0.85, 0.81, 0.89), False, "broken"),
        ((float("nan"),) * 3, None, "nothing was routed"),
    ],
)
def test_a_promise_is_kept_broken_or_not_known(
    precision: tuple[float, float, float], holds: bool | None, verdict: str
) -> None:
    claim = told(0.9, precision)
    assert (claim.holds, claim.verdict, claim.promised) == (holds, verdict, "90%")


def test_sets_have_the_noise_of_both_halves() -> None:
    whole = measured()
    part = whole.tasks["category"]

    def verdict(value: float, low: float, high: float) -> tuple[bool | None, str]:
        changed = replace(
            part,
            answers=part.answers.assign(covered=1.0),
            sets=Sets(coverage=0.9, least=0.1, tickets=200),
            figures=part.figures | {"set_coverage": Figure(value, low, high)},
        )
        claim = claims.claims(replace(whole, tasks={"category": changed}))[0]
        return claim.holds, claim.verdict

    assert verdict(0.91, 0.88, 0.94) == (True, "inside the interval")
    assert verdict(0.95, 0.92, 0.98) == (True, "held more often")
    assert verdict(0.86, 0.83, 0.89) == (None, "below, by no more than chance")
    assert verdict(0.75, 0.70, 0.80) == (False, "broken")


def test_without_a_promise_only_calibration_is_claimed_and_the_guard_is_with_one() -> None:
    assert [claim.kind for claim in claims.claims(measured())] == ["number", "number"]
    part = replace(
        measured().tasks["priority"], guard=Guard(suspicion=0.3, missed=2, high=100, raised=5, low=50)
    )
    claim = claims.claims(replace(measured(), tasks={"priority": part}))[-1]
    assert claim.promised == "2.0%, at most 6.2%"
