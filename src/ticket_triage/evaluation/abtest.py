"""How a challenger did beside the champion: effects with intervals, from answers in use."""

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

from ticket_triage.evaluation.report import render
from ticket_triage.intervals import Floats

RATES = {
    "review": "sent to people",
    "overrides": "given another label by a person",
    "errors": "degraded",
}


class Effect(NamedTuple):
    """One comparison; NaN where there is nothing to compare.

    `effect` is challenger less champion (`difference`), challenger over champion (`ratio`) or a share of the tickets
    that both answered (`share`), with the bounds of its interval; `h` is Cohen's effect size of two shares.
    """

    name: str
    kind: Literal["difference", "ratio", "share"]
    champion: float
    challenger: float
    effect: float
    low: float
    high: float
    h: float = math.nan


class _Share(NamedTuple):
    value: float
    low: float
    high: float
    tickets: int


def compare(given: pd.DataFrame, pairs: pd.DataFrame, confidence: float = 0.95) -> list[Effect]:
    """Effects of a challenger.

    Both were asked at the same time only within a step of the rollout, so steps are strata: differences of shares are
    weighted by Mantel and Haenszel's weights, their intervals come from Wilson's of each share (Newcombe 1998, method
    10; for a weighted sum, Zou and Donner 2008). Tickets of one unit are not independent: a share counts as many
    tickets as would make its variance that of a sample of units (Rao and Scott 1992).

    Args:
        given: answers given, with columns step, variant, unit, review, errors, overrides, milliseconds.
        pairs: tickets that both answered, with columns unit, category, priority, champion, challenger.
        confidence: of each interval.
    """
    z = float(norm.ppf((1 + confidence) / 2))
    found = [_difference(given, column, said, z) for column, said in RATES.items()]
    found.append(_ratio(given, z))
    agree = pairs.assign(both=pairs["category"].astype(bool) & pairs["priority"].astype(bool))
    for column, said in (
        ("category", "same category"),
        ("priority", "same priority"),
        ("both", "both the same"),
    ):
        one = _share(agree[column], agree["unit"], z)
        found.append(Effect(said, "share", math.nan, math.nan, one.value, one.low, one.high))
    found.append(_paired(pairs, z))
    return found


def _share(hits: pd.Series, units: pd.Series, z: float) -> _Share:
    """A share with Wilson's interval at the number of independent tickets that it is worth."""
    tickets = len(hits)
    if not tickets:
        return _Share(math.nan, math.nan, math.nan, 0)
    value = float(hits.mean())
    worth = float(tickets)
    if 0 < value < 1:
        _, variance = _mean(hits.astype(float), units)
        worth /= max(1.0, variance * tickets / (value * (1 - value)))
    middle = (value + z**2 / (2 * worth)) / (1 + z**2 / worth)
    half = z / (1 + z**2 / worth) * math.sqrt(value * (1 - value) / worth + z**2 / (4 * worth**2))
    return _Share(value, max(0.0, middle - half), min(1.0, middle + half), tickets)


def _arms(given: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Challenger and champion in each step in which both answered."""
    for _, rows in given.groupby("step"):
        tried = rows["variant"] == "challenger"
        if tried.any() and not tried.all():
            yield rows[tried], rows[~tried]


def _weights(tickets: list[tuple[int, int]]) -> Floats:
    weights: Floats = np.array([ours * theirs / (ours + theirs) for ours, theirs in tickets])
    weights /= weights.sum()
    return weights


def _difference(given: pd.DataFrame, column: str, said: str, z: float) -> Effect:
    shares = [[_share(arm[column], arm["unit"], z) for arm in arms] for arms in _arms(given)]
    if not shares:
        return Effect(said, "difference", *[math.nan] * 5)
    weights = _weights([(ours.tickets, theirs.tickets) for ours, theirs in shares])
    values, lows, highs = (
        np.array([[getattr(one, name) for one in arms] for arms in shares])
        for name in ("value", "low", "high")
    )
    ours, theirs = (float(value) for value in weights @ values)
    down, up = values - lows, highs - values
    below = math.sqrt(float(weights**2 @ (down[:, 0] ** 2 + up[:, 1] ** 2)))
    above = math.sqrt(float(weights**2 @ (up[:, 0] ** 2 + down[:, 1] ** 2)))
    effect = ours - theirs
    return Effect(
        said, "difference", theirs, ours, effect, effect - below, effect + above, _cohen(ours, theirs)
    )


def _cohen(ours: float, theirs: float) -> float:
    return 2 * math.asin(math.sqrt(ours)) - 2 * math.asin(math.sqrt(theirs))


def _ratio(given: pd.DataFrame, z: float) -> Effect:
    """Of geometric means of milliseconds, within steps."""
    said = "milliseconds (geometric mean)"
    found = [
        [(*_mean(np.log(arm["milliseconds"]), arm["unit"]), len(arm)) for arm in arms]
        for arms in _arms(given[given["milliseconds"] > 0])
        if min(arm["unit"].nunique() for arm in arms) > 1
    ]
    if not found:
        return Effect(said, "ratio", *[math.nan] * 5)
    weights = _weights([(ours[2], theirs[2]) for ours, theirs in found])
    means, variances = (np.array([[one[i] for one in arms] for arms in found]) for i in (0, 1))
    ours, theirs = (float(value) for value in weights @ means)
    effect = ours - theirs
    half = z * math.sqrt(float(weights**2 @ variances.sum(axis=1)))
    return Effect(
        said, "ratio", *(math.exp(value) for value in (theirs, ours, effect, effect - half, effect + half))
    )


def _mean(values: pd.Series, units: pd.Series) -> tuple[float, float]:
    """A mean and its variance over a sample of units."""
    mean = float(values.mean())
    by_unit = (values - mean).groupby(units.to_numpy()).sum()
    variance = len(by_unit) / max(len(by_unit) - 1, 1) * float((by_unit**2).sum()) / len(values) ** 2
    return mean, variance


def _paired(pairs: pd.DataFrame, z: float) -> Effect:
    """The difference in what goes to people, on the same tickets; Wald's interval of units, for want of a better."""
    said = "sent to people, of tickets that both answered"
    if len(pairs) < 2:
        return Effect(said, "difference", *[math.nan] * 5)
    ours, theirs = (pairs[variant].astype(float) for variant in ("challenger", "champion"))
    effect, variance = _mean(ours - theirs, pairs["unit"])
    half = z * math.sqrt(variance)
    before, after = float(theirs.mean()), float(ours.mean())
    return Effect(
        said, "difference", before, after, effect, effect - half, effect + half, _cohen(after, before)
    )


def say(value: float, kind: str) -> str:
    """A figure for people."""
    if math.isnan(value):
        return "–"
    if kind == "ratio":
        return f"{value:.3g}×"
    return f"{100 * value:+.1f} points" if kind == "difference" else f"{value:.1%}"


def lines(effects: list[Effect]) -> list[str]:
    """The effects for a terminal."""
    found = []
    for one in effects:
        level = "milliseconds" if one.kind == "ratio" else "share"
        both = (
            ""
            if one.kind == "share"
            else f"{_level(one.champion, level)} → {_level(one.challenger, level)}, "
        )
        found.append(
            f"{one.name}: {both}{say(one.effect, one.kind)} "
            f"[{say(one.low, one.kind)} to {say(one.high, one.kind)}]"
            + (f", h {one.h:+.2f}" if one.kind == "difference" and not math.isnan(one.h) else "")
        )
    return found


def _level(value: float, level: str) -> str:
    return f"{value:.3g} ms" if level == "milliseconds" and not math.isnan(value) else say(value, "share")


def page(
    title: str, given: pd.DataFrame, pairs: pd.DataFrame, history: list[str], confidence: float = 0.95
) -> str:
    """The effects, what they are of, and how the rollout went, as one page that needs no network."""
    effects = compare(given, pairs, confidence)
    steps = [
        (number + 1, *(int((rows["variant"] == variant).sum()) for variant in ("champion", "challenger")))
        for number, (_, rows) in enumerate(given.groupby("step"))
    ]
    return render(
        "abtest.html",
        title=title,
        effects=effects,
        tell=say,
        level=_level,
        pairs=len(pairs),
        steps=steps,
        units=given["unit"].nunique(),
        confidence=confidence,
        history=history,
    )
