"""Labelling functions by meaning: a ticket near an expert's example of a category gets a vote for it."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ticket_triage.params import Similarity
from ticket_triage.schema import PRIORITIES
from ticket_triage.taxonomy import Taxonomy

# Texts to vectors of length one, shape (texts, size); given, since encoders are rooms further up.
Read = Callable[[Sequence[str]], np.ndarray]


def votes(taxonomy: Taxonomy, texts: "pd.Series[str]", read: Read, settings: Similarity) -> pd.DataFrame:
    """A function `category.similar.<label>` for each category with examples, and `priority.similar`.

    The category of the nearest example is voted for where its cosine is at least `settings.threshold`, and above that
    of the nearest example of any other category by `settings.margin`; priority gets that category's base priority.

    Returns:
        Categorical columns indexed as `texts`, missing = abstains; no columns where there are no examples.
    """
    examples = [(at, text) for at, one in enumerate(taxonomy.categories) for text in one.examples]
    if not examples:
        return pd.DataFrame(index=texts.index)
    owners = np.array([at for at, _ in examples])
    known = np.unique(owners)
    cosines = np.zeros((len(texts), len(examples)))
    if len(texts):
        cosines = read(texts.fillna("").tolist()) @ read([text for _, text in examples]).T
    nearest = np.stack([cosines[:, owners == at].max(axis=1) for at in known], axis=1)
    best = nearest.argmax(axis=1)
    rows = np.arange(len(nearest))
    top = nearest[rows, best]
    others = nearest.copy()
    others[rows, best] = -np.inf
    sure = (top >= settings.threshold) & (top - others.max(axis=1) >= settings.margin)
    chosen = np.where(sure, known[best], -1)
    found = {}
    for at in known:
        codes = np.where(chosen == at, at, -1)
        found[f"category.similar.{taxonomy.labels[at]}"] = pd.Categorical.from_codes(
            codes, categories=pd.Index(taxonomy.labels)
        )
    base = np.array([PRIORITIES.index(one.base_priority) for one in taxonomy.categories])
    found["priority.similar"] = pd.Categorical.from_codes(
        np.where(sure, base[chosen], -1), categories=pd.Index(PRIORITIES)
    )
    return pd.DataFrame(found, index=texts.index)
