"""Whether a challenger does harm, does well enough to go on, or has not said enough: from counts, at any time."""

import math
from typing import Any, Literal, NamedTuple

from pydantic import Field

from ticket_triage.schema import Frozen
from ticket_triage.serving.rollout import sequence
from ticket_triage.serving.rollout.counts import EDGES, Arm, Counts
from ticket_triage.serving.rollout.plan import Plan
from ticket_triage.serving.settings import Settings

METRICS = 5  # among which the chance of a false alarm is shared
LEVEL = 0.9  # the quantile of the time that is looked at


class Limits(Frozen):
    """How much worse a challenger may be, and the chance that a rollout of one that is not is taken back."""

    alpha: float = Field(gt=0, lt=1)
    errors: float = Field(ge=0, le=1)  # share of answers, more than the champion's
    review: float = Field(ge=0, le=1)
    overrides: float = Field(ge=0, le=1)
    disagreement: float = Field(ge=0, le=1)  # share of tickets with another label
    latency: float = Field(ge=1)  # times the champion's, of nine answers in ten


def limits(settings: Settings) -> Limits:
    """What the service's settings allow."""
    return Limits(**{name: getattr(settings, f"guard_{name}") for name in Limits.model_fields})


class Finding(NamedTuple):
    """One metric: what was seen, what is sure at any time, and whether that is too much."""

    metric: str
    champion: float | None
    challenger: float | None
    worse: float  # at least, for sure: difference, or ratio of times
    allowed: float
    breach: bool
    doubtful: bool  # seen beyond what is allowed, not yet surely

    @property
    def sentence(self) -> str:
        """What is wrong, for a person."""
        if self.metric == "latency":
            return (
                f"latency: nine answers in ten take up to {self.challenger:g} ms, the champion's {self.champion:g} ms; "
                f"surely {self.worse:.2f} times as long, {self.allowed:g} allowed"
            )
        if self.champion is None:
            return (
                f"{self.metric}: another label in {self.challenger:.1%} of the tickets; "
                f"surely over {self.worse:.1%}, {self.allowed:.1%} allowed"
            )
        return (
            f"{self.metric}: {self.challenger:.1%} beside {self.champion:.1%} of the champion; "
            f"surely {self.worse:.1%} more, {self.allowed:.1%} allowed"
        )


def look(counts: Counts, limits: Limits, step: int, unseen: bool = False) -> list[Finding]:
    """What the counts of one step of a rollout tell; may be asked after every ticket.

    The k-th step has 6/(pi k)^2 of `limits.alpha`, which sums to alpha over any number of steps; each metric has a
    fifth of that, and each end of a comparison half. A difference is sure once confidence sequences of both are apart.

    Args:
        unseen: the challenger answers beside, where its time is not that of an answer.
    """
    alpha = limits.alpha * 6 / (math.pi * max(step, 1)) ** 2 / METRICS / 2
    ours, theirs = counts.challenger, counts.champion
    return [
        _share(
            "errors", (ours.faults, ours.answered), (theirs.faults, theirs.answered), limits.errors, alpha
        ),
        _share(
            "review", (ours.review, ours.answered), (theirs.review, theirs.answered), limits.review, alpha
        ),
        _share(
            "overrides",
            _overridden(ours),
            _overridden(theirs),
            limits.overrides,
            alpha,
        ),
        _disagreement(counts, limits.disagreement, 2 * alpha),
        _latency(ours.times, theirs.times, limits.latency, alpha, unseen),
    ]


def _overridden(arm: Arm) -> tuple[int, int]:
    # People may correct here what another machine answered, and so more than was answered here.
    return min(arm.overridden, arm.served), arm.served


def _share(
    metric: str, ours: tuple[int, int], theirs: tuple[int, int], allowed: float, alpha: float
) -> Finding:
    worse = sequence.bounds(*ours, alpha)[0] - sequence.bounds(*theirs, alpha)[1]
    champion, challenger = (hits / trials if trials else None for hits, trials in (theirs, ours))
    seen = challenger - champion if challenger is not None and champion is not None else 0.0
    return Finding(metric, champion, challenger, worse, allowed, worse > allowed, seen > allowed)


def _disagreement(counts: Counts, allowed: float, alpha: float) -> Finding:
    low, _ = sequence.bounds(counts.differ, counts.pairs, alpha)
    seen = counts.differ / counts.pairs if counts.pairs else None
    return Finding("disagreement", None, seen, low, allowed, low > allowed, (seen or 0) > allowed)


def _latency(
    ours: tuple[int, ...], theirs: tuple[int, ...], allowed: float, alpha: float, unseen: bool
) -> Finding:
    low, _ = sequence.quantile(ours, EDGES, LEVEL, alpha)
    _, high = sequence.quantile(theirs, EDGES, LEVEL, alpha)
    champion, challenger = _seen(theirs), _seen(ours)
    ratio = challenger / champion if challenger and champion else 0.0
    breach = not unseen and low / high > allowed
    doubtful = not unseen and ratio > allowed
    return Finding("latency", champion, challenger, low / high, allowed, breach, doubtful)


def _seen(times: tuple[int, ...]) -> float | None:
    total, below = sum(times), 0
    for edge, count in zip(EDGES, times, strict=False):
        below += count
        if below and below >= LEVEL * total:
            return edge
    return None


class Verdict(NamedTuple):
    """What to do, and why."""

    do: Literal["wait", "go on", "take back"]
    why: str


def judge(plan: Plan, counts: Counts, seconds: float, limits: Limits) -> Verdict:
    """Whether a rollout is taken back, goes on to the next share of its ramp, or stays where it is.

    It goes on once the step has its tickets and its time, unless a metric looks worse than allowed, if not surely.

    Args:
        counts: of this step.
        seconds: since it began.
    """
    findings = look(counts, limits, plan.step, unseen=plan.mode == "shadow")
    if breaches := [finding.sentence for finding in findings if finding.breach]:
        return Verdict("take back", "; ".join(breaches))
    here, after = plan.here, plan.next
    if plan.mode != "canary" or here is None or after is None:
        return Verdict("wait", "no further step is planned")
    answered = counts.challenger.served
    if answered < here.tickets or seconds < here.seconds:
        return Verdict(
            "wait", f"{answered} of {here.tickets} tickets, {seconds:.0f} of {here.seconds:.0f} seconds"
        )
    if doubts := [finding.metric for finding in findings if finding.doubtful]:
        return Verdict("wait", f"{', '.join(doubts)}: seen beyond what is allowed, not yet surely")
    return Verdict("go on", f"{answered} tickets in {seconds:.0f} seconds, and nothing is worse than allowed")


def table(counts: Counts, limits: Limits, plan: Plan) -> list[dict[str, Any]]:
    """What `look` finds at this step, as JSON values."""
    return [finding._asdict() for finding in look(counts, limits, plan.step, unseen=plan.mode == "shadow")]
