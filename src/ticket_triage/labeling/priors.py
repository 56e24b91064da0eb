"""Labelling functions by who was written to: a brand, or a whole industry, mostly gets tickets of one kind."""

from functools import cache

import numpy as np
import pandas as pd

from ticket_triage.intervals import wilson
from ticket_triage.params import Prior
from ticket_triage.schema import GOLD_PREFIX, PRIORITIES, TASKS, Task
from ticket_triage.sources import industries
from ticket_triage.taxonomy import Taxonomy

_HANDLE = r"(?<!\w)@(\w{1,40})"


def brands(texts: "pd.Series[str]", answered: "pd.Series[str]") -> "pd.Series[str]":
    """Who was written to, in lower case: the brand that answered, else the first handle in the text."""
    return answered.fillna(texts.str.extract(_HANDLE, expand=False)).str.lower()


def votes(
    taxonomy: Taxonomy, tickets: pd.DataFrame, answered: "pd.Series[str]", settings: Prior
) -> pd.DataFrame:
    """Functions `<task>.brand` and `<task>.industry`, learnt from gold of the part train.

    A ticket of train is judged by the other tickets of its group, so that no gold label votes for itself.

    Args:
        tickets: `text`, `part` and gold columns.
        answered: the brand that answered each ticket, missing where none did or it is not known.
    """
    brand = brands(tickets["text"], answered)
    known = {handle.lower(): name for handle, name in industries.by_brand().items()}
    groups = {"brand": brand, "industry": brand.map(known)}
    found = {}
    for task in TASKS:
        classes = PRIORITIES if task == "priority" else taxonomy.labels
        for kind, group in groups.items():
            found[f"{task}.{kind}"] = _vote(task, classes, group, tickets, settings)
    return pd.DataFrame(found, index=tickets.index)


def _vote(
    task: Task, classes: tuple[str, ...], group: "pd.Series[str]", tickets: pd.DataFrame, settings: Prior
) -> "pd.Series[str]":
    gold = tickets[f"{GOLD_PREFIX}{task}"].where(tickets["part"] == "train")
    own = pd.Categorical(gold, categories=list(classes)).codes
    names = pd.Categorical(group)
    of = names.codes
    learnt = (own >= 0) & (of >= 0)
    counts = np.zeros((len(names.categories), len(classes)), dtype=np.int64)
    np.add.at(counts, (of[learnt], own[learnt]), 1)
    shares = np.bincount(own[own >= 0], minlength=len(classes)) / max(1, int((own >= 0).sum()))

    @cache
    def vote(name: int, itself: int) -> int:
        """The label of a group, a ticket's own gold label taken out of it; -1 abstains."""
        rest = counts[name].copy()
        if itself >= 0:
            rest[itself] -= 1
        total = int(rest.sum())
        smoothed = (rest + settings.smoothing * shares) / max(total + settings.smoothing, 1e-9)
        best = int(smoothed.argmax())
        if not total or smoothed[best] < settings.min_share:
            return -1
        return best if wilson(int(rest[best]), total, settings.confidence)[0] > shares[best] else -1

    said = [vote(int(name), int(itself)) if name >= 0 else -1 for name, itself in zip(of, own, strict=True)]
    return pd.Series(pd.Categorical.from_codes(said, categories=pd.Index(classes)), index=tickets.index)
