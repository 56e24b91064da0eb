"""Label models: what many votes on a ticket, some of them wrong, make together."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ticket_triage.labeling.functions import of_task
from ticket_triage.schema import PRIORITIES, TASKS, Task
from ticket_triage.taxonomy import Taxonomy


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


def label(votes: pd.DataFrame, taxonomy: Taxonomy, min_votes: int) -> pd.DataFrame:
    """Weak labels of both tasks by majority vote: columns `category` and `priority`, missing = abstained."""
    classes: dict[Task, tuple[str, ...]] = {"category": taxonomy.labels, "priority": PRIORITIES[::-1]}
    weak = {}
    for task in TASKS:
        own = of_task(votes, task)
        weak[task] = MajorityVote(classes[task], min_votes).fit(own).predict(own)
    return pd.DataFrame(weak, index=votes.index)
