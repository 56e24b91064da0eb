"""What the decision rule promises, chosen on gold alone: thresholds, prediction sets, the guard of `low`.

Each is chosen on its own gold that no member learnt from: thresholds and prediction sets on a half of validation each,
the guard on out-of-fold predictions of train.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ticket_triage.intervals import Figure, at_most, share
from ticket_triage.schema import Frozen

if TYPE_CHECKING:
    import pandas as pd

    from ticket_triage.params import Assemble

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NEVER = 1.01  # no confidence is above 1, and a saturated one is 1
LOW, HIGH = "low", "high"
STEPS, STARTS = 100, 4  # thresholds that are tried, and from how many of them a search sets out
BOUND = 0.95  # confidence of the bounds that a guard tells of itself
_ROUNDING = 1e-9  # of probabilities that went through a file


class Threshold(Frozen):
    """Confidence from which a task's label needs no person, and where that figure comes from.

    Attributes:
        languages: with gold enough to know; others go to a person. None: all are routed.
        promised: the precision that is promised of what is routed; None: nothing is.
        classes: labels that have a threshold of their own.
    """

    value: float
    why: str
    languages: tuple[str, ...] | None = None
    promised: float | None = None
    classes: dict[str, float] = Field(default_factory=dict)

    def of(self, label: str) -> float:
        """The threshold of a label."""
        return self.classes.get(label, self.value)


class Sets(Frozen):
    """Labels at least this probable are in the set, which then holds the gold label as often as `coverage` says."""

    coverage: float
    least: float
    tickets: int


class Guard(Frozen):
    """A `low` is not believed where a word of safety stands or `high` is at least this probable.

    The counts are of out-of-fold predictions on train: gold `high` that were called low all the same, of all gold
    `high`; gold `low` that were raised, of all gold `low`.
    """

    suspicion: float
    missed: int
    high: int
    raised: int
    low: int

    @property
    def miss(self) -> Figure:
        """Share of gold `high` that is called low: an upper bound with 95 % confidence beside it, which holds although
        `suspicion` was chosen on the same tickets (see `intervals.at_most`)."""
        value = self.missed / self.high if self.high else float("nan")
        return Figure(value, 0.0, at_most(self.missed, self.high, BOUND))

    @property
    def price(self) -> Figure:
        """Share of gold `low` that is raised, with Wilson's interval: each is read by a person for nothing."""
        return share(self.raised, self.low, BOUND)


def choose_threshold(
    confidence: Floats,
    right: Flags,
    languages: pd.Series[str],
    promised: float,
    settings: Assemble,
    predicted: pd.Series[str] | None = None,
) -> Threshold:
    """The lowest confidence from which tickets may be routed with the promised precision.

    In steps of a hundredth of the tickets, surest first: would so many of them be right by chance if the precision were
    below the promise? A search goes on until that is likely enough, and sets out anew from every fifth of the way with
    a share of the risk, which it hands on as long as it does not fail, so that the chance of breaking the promise is at
    most `promise_risk` although many thresholds are tried (the fallback procedure: Wiens and Dmitrienko 2005; for
    thresholds: Angelopoulos et al., Learn then Test, 2021). Tickets of equal confidence are routed together.

    With `settings.class_thresholds` labels that were answered for `min_calibration` tickets get a threshold of their
    own and the others one together. Each of these must keep the promise, and they share the risk alike (Bonferroni), so
    that the promise of all is kept as well.

    The promise is for languages with `min_calibration` tickets; others go to a person.

    Args:
        predicted: the answers, for thresholds of classes.
    """
    if len(right) < settings.min_calibration:
        return Threshold(
            value=settings.fallback_threshold,
            why=f"fallback, no promise: {len(right)} gold tickets, {settings.min_calibration} are needed for one",
        )
    import pandas as pd  # as SciPy below: which one ticket needs not wait for

    answers = pd.Series("", range(len(right))) if predicted is None else predicted.reset_index(drop=True)
    counts = answers.value_counts()
    own = sorted(counts.index[counts >= settings.min_calibration]) if settings.class_thresholds else []
    groups = {label: (answers == label).to_numpy() for label in own}
    rest = ~np.logical_or.reduce(list(groups.values()), initial=False) if own else np.ones(len(right), bool)
    pooled = int(rest.sum()) >= settings.min_calibration
    risk = settings.promise_risk / (len(own) + pooled)
    limits = {label: _lowest(confidence[here], right[here], promised, risk) for label, here in groups.items()}
    value = _lowest(confidence[rest], right[rest], promised, risk) if pooled else NEVER
    routed = confidence >= answers.map(limits).fillna(value).to_numpy(np.float64)
    kept, hits = int(routed.sum()), int(right[routed].sum())
    if not kept:
        why = f"a precision of {promised:g} cannot be promised from {len(right)} validation tickets"
        return Threshold(value=NEVER, why=why, languages=())
    return Threshold(
        value=value,
        why=f"precision {hits / kept:.3f} on the {kept} of {len(right)} validation tickets above it,"
        f" enough to promise {promised:g} with a risk of {settings.promise_risk:g}",
        languages=enough(languages, settings),
        promised=promised,
        classes=limits,
    )


def enough(languages: pd.Series[str], settings: Assemble) -> tuple[str, ...]:
    """The languages with `min_calibration` tickets: of the others nothing is known."""
    counts = languages.value_counts()
    return tuple(sorted(counts.index[counts >= settings.min_calibration]))


def _lowest(confidence: Floats, right: Flags, promised: float, risk: float) -> float:
    """The lowest threshold above which the precision is as promised with that risk, or NEVER."""
    from scipy.stats import binom

    order = np.argsort(-confidence, kind="stable")
    ends = np.flatnonzero(
        np.append(np.diff(confidence[order]) != 0, True)
    )  # a threshold lies after one of these
    ends = ends[np.searchsorted(ends, np.arange(1, STEPS + 1) * len(order) // STEPS - 1)]
    hits = np.cumsum(right[order])[ends]
    chance = binom.sf(hits - 1, ends + 1, promised)
    starts = range(STEPS // (STARTS + 1) - 1, STEPS - 1, STEPS // (STARTS + 1))
    last, level = -1, 0.0
    for step in range(STEPS):
        level += risk / STARTS if step in starts else 0.0
        passed = bool(chance[step] <= level)
        last, level = (step, level) if passed else (last, 0.0)
    return float(confidence[order[ends[last]]]) if last >= 0 else NEVER


def choose_sets(own: Floats, coverage: float) -> Sets | None:
    """How probable a label must be to be in the set; None where there is too little gold for that coverage.

    Split conformal prediction with the probability of the true label as its score (Sadinle, Lei and Wasserman, Least
    Ambiguous Set-Valued Classifiers, 2019).

    Args:
        own: the probability that each gold label was given, 0 for one that the model does not know.
    """
    rank = int(np.ceil((len(own) + 1) * coverage))
    if rank > len(own):
        return None
    least = float(np.sort(own)[::-1][rank - 1])
    return Sets(coverage=coverage, least=max(0.0, least - _ROUNDING), tickets=len(own))


def choose_guard(
    probabilities: pd.DataFrame, gold: pd.Series[str], alarmed: Flags, most: float
) -> Guard | None:
    """The highest suspicion at which at most the share `most` of gold `high` is called low; None without both labels.

    Args:
        probabilities: calibrated, out of fold; a column for each label.
        gold: their labels.
        alarmed: where a word of safety stands in the text.
    """
    if not {LOW, HIGH} <= set(probabilities.columns):
        return None
    high, low = (gold == HIGH).to_numpy(), (gold == LOW).to_numpy()
    called = (probabilities.idxmax(axis=1) == LOW).to_numpy()
    fear = probabilities[HIGH].to_numpy()
    unseen = np.sort(fear[high & called & ~alarmed])
    allowed = int(most * high.sum())
    suspicion = float(unseen[allowed]) - _ROUNDING if len(unseen) > allowed else NEVER
    raised = called & (alarmed | (fear >= suspicion))
    return Guard(
        suspicion=suspicion,
        missed=int((high & called & ~raised).sum()),
        high=int(high.sum()),
        raised=int((low & raised).sum()),
        low=int(low.sum()),
    )
