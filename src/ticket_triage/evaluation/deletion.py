"""Whether the words that reasons name are those that the answer rests on: take them away and look.

The erasure test of Li, Monroe and Jurafsky (Understanding Neural Networks through Representation Erasure, 2016), with
as many other words of the same ticket for comparison.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ticket_triage import features, params
from ticket_triage.intervals import Figure, Floats, percentile, resamples
from ticket_triage.schema import Task

if TYPE_CHECKING:
    from ticket_triage.models.triage_model import TriageModel

REASONS = 3  # of a task, whose words are taken away
DRAWS = 2  # times that other words are drawn
_TOKEN = re.compile(r"\b\w\w+\b")  # the words that are named


@dataclass(frozen=True)
class Deletion:
    """By how much the probability of the answer falls, on average, without the words named and without as many others.

    `tickets` are those in which enough words are named and enough others stand; `gain` is the paired difference.
    """

    tickets: int
    words: float  # taken away, on average
    named: Figure
    others: Figure
    gain: Figure


def measure(model: "TriageModel", rows: pd.DataFrame, settings: params.Evaluate) -> dict[Task, Deletion]:
    """The test of each task on tickets drawn from `rows`, which the model has not learnt from.

    A task for which no ticket qualifies has none.
    """
    drawn = rows.sample(min(len(rows), settings.deletion), random_state=settings.seed)
    tickets: list[Any] = drawn.to_dict("records")
    words = [features.masked(ticket).split() for ticket in tickets]
    whole = drawn.drop(columns="subject", errors="ignore").assign(text=[" ".join(one) for one in words])
    answers, before = model.predict(whole, reasons=REASONS), model.predict_proba(whole)
    random = np.random.default_rng(settings.seed)
    found = {}
    for task in model.tasks:
        chosen, variants, sizes = [], [], []
        for row, reasons in enumerate(answers["reasons"]):
            named = [
                r["feature"] for r in reasons if (r["task"], r["kind"]) == (task, "text") and r["weight"] > 0
            ]
            there = places(words[row], named)
            others = [place for place in range(len(words[row])) if place not in there]
            if not there or len(others) < len(there):
                continue
            draws = range(DRAWS)  # of words to leave out
            gone = [there, *(random.choice(others, len(there), replace=False).tolist() for _ in draws)]  # nosec B311
            variants += [_without(words[row], one) for one in gone]
            chosen.append(row)
            sizes.append(len(there))
        if not chosen:
            continue
        asked = whole.iloc[np.repeat(chosen, 1 + DRAWS)].reset_index(drop=True).assign(text=variants)
        labels = answers[task].iloc[chosen]
        columns = before[task].columns.get_indexer(pd.Index(labels))
        after = model.predict_proba(asked)[task].to_numpy().reshape(len(chosen), 1 + DRAWS, -1)
        own = after[np.arange(len(chosen)), :, columns]
        falls = before[task].to_numpy()[chosen, columns][:, None] - own
        named_falls, other_falls = falls[:, 0], falls[:, 1:].mean(axis=1)
        found[task] = Deletion(
            tickets=len(chosen),
            words=float(np.mean(sizes)),
            named=_mean(named_falls, settings),
            others=_mean(other_falls, settings),
            gain=_mean(named_falls - other_falls, settings),
        )
    return found


def places(words: Sequence[str], named: Sequence[str]) -> list[int]:
    """Numbers of the words that the named words and phrases consist of, wherever these stand, in order."""
    tokens = [(token, place) for place, word in enumerate(words) for token in _TOKEN.findall(word.lower())]
    found = set()
    for phrase in named:
        parts = phrase.split()
        for start in range(len(tokens) - len(parts) + 1):
            window = tokens[start : start + len(parts)]
            if [token for token, _ in window] == parts:
                found |= {place for _, place in window}
    return sorted(found)


def _without(words: Sequence[str], gone: Sequence[int]) -> str:
    return " ".join(word for place, word in enumerate(words) if place not in gone)


def _mean(values: Floats, settings: params.Evaluate) -> Figure:
    drawn = [
        weights @ values / len(values)
        for weights in resamples(len(values), settings.bootstrap, settings.seed)
    ]
    return Figure(float(values.mean()), *percentile(np.concatenate(drawn), settings.confidence))
