"""How far a model follows the rules that made weak labels, beside how right it is: two figures that are not one."""

from dataclasses import dataclass

import pandas as pd

from ticket_triage.intervals import Figure
from ticket_triage.intervals import share as share_of


@dataclass(frozen=True)
class Circularity:
    """Of one task, on tickets with gold; with Wilson intervals.

    Attributes:
        agreement: share of the weakly labelled tickets on which the answer is the weak label.
        accuracy: share of the same tickets on which it is the gold label.
        rules: share of the same on which the weak label is the gold label.
        silent: share of the tickets without a weak label on which the answer is the gold label.
        labelled, unlabelled: how many tickets those are.
    """

    agreement: Figure
    accuracy: Figure
    rules: Figure
    silent: Figure
    labelled: int
    unlabelled: int

    @property
    def gap(self) -> float:
        """Agreement less accuracy: what would be claimed, and is not so, if quality were told on weak labels."""
        return self.agreement.value - self.accuracy.value


def measure(answers: pd.DataFrame, weak: "pd.Series[str]", confidence: float) -> Circularity | None:
    """Compare answers with gold and with weak labels; None where there is no weak label.

    Args:
        answers: `actual` and `predicted` by ticket id.
        weak: weak labels by ticket id, missing where rules abstained.
    """
    given = weak.reindex(answers.index)
    known = given.notna()
    if not known.any():
        return None
    own, rest = answers[known], answers[~known]

    def share(right: "pd.Series[bool]") -> Figure:
        return share_of(int(right.sum()), len(right), confidence)

    return Circularity(
        agreement=share(own["predicted"] == given[known]),
        accuracy=share(own["predicted"] == own["actual"]),
        rules=share(given[known] == own["actual"]),
        silent=share(rest["predicted"] == rest["actual"]),
        labelled=len(own),
        unlabelled=len(rest),
    )
