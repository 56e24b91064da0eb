"""Labelling functions by what an agent's first reply asks for or apologises for, which no model sees."""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from ticket_triage.labeling.functions import NOT_INSIDE_A_WORD
from ticket_triage.schema import PRIORITIES
from ticket_triage.taxonomy import Taxonomy, plain

# In the order in which they are believed: an agent who hurries may say sorry besides.
_PRIORITIES = {"urgent_replies": "high", "calm_replies": "low", "sorry_replies": "medium"}


def votes(taxonomy: Taxonomy, replies: "pd.Series[str]") -> pd.DataFrame:
    """A function `category.reply.<label>` for each category with patterns of replies, and `priority.reply`.

    Args:
        replies: the first reply of each ticket, missing where there is none: nothing is voted for.
    """
    seen = replies.map(lambda text: plain(text) if isinstance(text, str) else "").tolist()
    found = {}
    for at, category in enumerate(taxonomy.categories):
        if category.replies:
            codes = np.where(_shows(category.replies, seen), at, -1)
            found[f"category.reply.{category.label}"] = pd.Categorical.from_codes(
                codes, categories=pd.Index(taxonomy.labels)
            )
    codes = np.full(len(seen), -1)
    for listed, label in reversed(_PRIORITIES.items()):
        if patterns := getattr(taxonomy, listed):
            codes[_shows(patterns, seen)] = PRIORITIES.index(label)
    if any(getattr(taxonomy, listed) for listed in _PRIORITIES):
        found["priority.reply"] = pd.Categorical.from_codes(codes, categories=pd.Index(PRIORITIES))
    return pd.DataFrame(found, index=replies.index)


def _shows(patterns: Iterable[str], seen: list[str]) -> "np.ndarray":
    either = re.compile(f"{NOT_INSIDE_A_WORD}(?:{'|'.join(f'(?:{one})' for one in patterns)})")
    return np.array([either.search(text) is not None for text in seen], dtype=bool)
