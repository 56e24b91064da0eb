"""Label models: what many votes on a ticket, some of them wrong, make together."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from pandas.errors import Pandas4Warning
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ticket_triage.labeling.functions import ALARMS, QUESTION, of_task
from ticket_triage.schema import GOLD_PREFIX, PRIORITIES, TASKS, Task
from ticket_triage.taxonomy import Taxonomy

_ITERATIONS = 100
_TINY = 1e-6  # a witness that never said so may do so yet
# Functions of priority that can name a single label are one witness together.
_ONE_SIDED, _WORDS = frozenset((*ALARMS, QUESTION, "nothing_wrong")), "words"


class MajorityVote(BaseEstimator):  # type: ignore[misc]  # scikit-learn publishes no types
    """The label with the most votes.

    A tie goes to the label that stands first in `classes`, so that it is settled alike every time: `label`
    takes the taxonomy's order, in which experts put the telling before the general, and the higher priority.
    With fewer than `min_votes` votes for the winner, and without any, it abstains.

    Args:
        classes: all labels, the one that wins a tie first.
        min_votes: votes that the winner needs.
    """

    def __init__(self, classes: tuple[str, ...], min_votes: int = 1) -> None:
        self.classes = classes
        self.min_votes = min_votes

    def fit(self, votes: pd.DataFrame, y: object = None) -> "MajorityVote":
        """Nothing is learnt but the functions' names."""
        self.functions_ = tuple(votes.columns)
        return self

    def predict(self, votes: pd.DataFrame) -> "pd.Series[str]":
        """The winning label of every row, missing where it abstains."""
        check_is_fitted(self)
        counts = np.zeros((len(votes), len(self.classes)), dtype=np.int16)
        for function in self.functions_:
            codes = pd.Categorical(votes[function], categories=list(self.classes)).codes
            at = np.flatnonzero(codes >= 0)
            counts[at, codes[at]] += 1
        winner = counts.argmax(axis=1)
        enough = counts.max(axis=1, initial=0) >= max(1, self.min_votes)
        labels = np.array([*self.classes, None], dtype="object")
        return pd.Series(labels[np.where(enough, winner, -1)], index=votes.index, dtype="str")


class DawidSkene(BaseEstimator):  # type: ignore[misc]  # scikit-learn publishes no types
    """How far each kind of function is to be believed, learnt from all votes and held to gold where it is known.

    A model of witnesses that confuse labels, each in its own way (Dawid and Skene, Maximum Likelihood Estimation of
    Observer Error-Rates Using the EM Algorithm, 1979; crowd-kit's). A witness is a kind of function, such as all
    keywords, and may name several labels for a ticket: one function that can name a single label would tell the model
    nothing, since its silence is not heard.

    Args:
        classes: all labels.
        min_votes: with fewer votes than this in all, and without any, it abstains.
    """

    def __init__(self, classes: tuple[str, ...], min_votes: int = 1) -> None:
        self.classes = classes
        self.min_votes = min_votes

    def fit(self, votes: pd.DataFrame, gold: "pd.Series[str] | None" = None) -> "DawidSkene":
        """Learn from all `votes`; `gold` holds the labels that are known, missing elsewhere."""
        told = _testimony(votes)
        self.witnesses_ = sorted(set(told["worker"]))
        size = len(self.classes)
        self.log_priors_ = np.zeros(size)
        self.log_errors_ = np.zeros((len(self.witnesses_), size, size))  # witness, what it says, what is true
        if told.empty:
            return self
        from crowdkit.aggregation import DawidSkene as Em  # two seconds, and not every run has rules

        known = None
        if gold is not None:  # what no witness names cannot be learnt of them
            named = gold.isin(set(told["label"])) & gold.index.isin(told["task"])
            known = gold[named].astype("object")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Pandas4Warning)  # of a keyword that it need not name any more
            found: Any = Em(n_iter=_ITERATIONS).fit(told, known if known is not None and len(known) else None)
        columns = list(self.classes)
        priors = found.priors_.reindex(columns).fillna(0.0).to_numpy(dtype=np.float64)
        self.log_priors_ = np.log(np.maximum(priors, _TINY))
        for place, witness in enumerate(self.witnesses_):
            errors = found.errors_.loc[witness].reindex(index=columns, columns=columns).fillna(0.0)
            self.log_errors_[place] = np.log(np.maximum(errors.to_numpy(dtype=np.float64), _TINY))
        return self

    def predict(self, votes: pd.DataFrame) -> "pd.Series[str]":
        """The most probable label of every row, missing where it abstains."""
        check_is_fitted(self)
        told = _testimony(votes.reset_index(drop=True))
        told = told[told["worker"].isin(self.witnesses_)]
        belief = np.tile(self.log_priors_, (len(votes), 1))
        said = pd.Categorical(told["label"], categories=list(self.classes)).codes
        who = pd.Categorical(told["worker"], categories=self.witnesses_).codes
        np.add.at(belief, told["task"].to_numpy(dtype=np.int64), self.log_errors_[who, said])
        counts = np.bincount(told["task"].to_numpy(dtype=np.int64), minlength=len(votes))
        labels = np.array([*self.classes, None], dtype="object")
        chosen = np.where(counts >= max(1, self.min_votes), belief.argmax(axis=1), -1)
        return pd.Series(labels[chosen], index=votes.index, dtype="str")


def _testimony(votes: pd.DataFrame) -> pd.DataFrame:
    """`task` (the row), `worker` (the kind of function) and `label` of every vote."""
    parts = [
        pd.DataFrame({"task": said.index, "worker": _witness(str(name)), "label": said.astype("object")})
        for name in votes
        if len(said := votes[name].dropna())
    ]
    if not parts:
        return pd.DataFrame({"task": [], "worker": [], "label": []}, dtype="object")
    return pd.concat(parts, ignore_index=True)


def _witness(function: str) -> str:
    kind = function.split(".")[1]
    return _WORDS if kind in _ONE_SIDED else kind


def label(
    votes: pd.DataFrame, tickets: pd.DataFrame, taxonomy: Taxonomy, min_votes: int
) -> dict[str, pd.DataFrame]:
    """Weak labels by every label model: columns `category` and `priority`, missing = abstained.

    Args:
        tickets: `part` and gold columns; only gold of the part train is learnt from.
    """
    classes: dict[Task, tuple[str, ...]] = {"category": taxonomy.labels, "priority": PRIORITIES[::-1]}
    found: dict[str, dict[str, pd.Series[str]]] = {"dawid_skene": {}, "majority": {}}
    for task in TASKS:
        own = of_task(votes, task)
        gold = tickets[f"{GOLD_PREFIX}{task}"].where(tickets["part"] == "train")
        gold = gold.where(gold.isin(classes[task]))
        found["dawid_skene"][task] = DawidSkene(classes[task], min_votes).fit(own, gold).predict(own)
        found["majority"][task] = MajorityVote(classes[task], min_votes).fit(own).predict(own)
    return {name: pd.DataFrame(weak, index=votes.index) for name, weak in found.items()}
