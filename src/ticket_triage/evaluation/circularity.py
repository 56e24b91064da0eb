"""How far a model follows the rules that made weak labels, beside how right it is: two figures that are not one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ticket_triage.intervals import Figure
from ticket_triage.intervals import share as share_of
from ticket_triage.labeling.masking import Masker

if TYPE_CHECKING:
    from ticket_triage.models.triage_model import TriageModel


@dataclass(frozen=True)
class Circularity:
    """Of one task, on tickets with gold; with Wilson intervals.

    Attributes:
        agreement: share of the weakly labelled tickets on which the answer is the weak label.
        accuracy: share of the same tickets on which it is the gold label.
        rules: share of the same on which the weak label is the gold label.
        silent: share of the tickets in whose text no rule's word stands on which the answer is the gold label.
        spoken: the same of the others, in whose text some do.
        masked: share of those others on which the answer is the gold label once the rules' words are taken out of them.
        labelled, unspoken, heard: how many tickets are weakly labelled, without rules' words, and with them.
    """

    agreement: Figure
    accuracy: Figure
    rules: Figure
    silent: Figure
    spoken: Figure
    masked: Figure
    labelled: int
    unspoken: int
    heard: int

    @property
    def gap(self) -> float:
        """Agreement less accuracy: what would be claimed, and is not so, if quality were told on weak labels."""
        return self.agreement.value - self.accuracy.value


def without_rules(model: "TriageModel", tickets: pd.DataFrame) -> pd.DataFrame:
    """What the model answers to the tickets in which rules' words stand, once those are taken out of text and subject.

    Returns:
        A row for each such ticket, a column for each task.
    """
    masker = Masker(model.taxonomy)
    columns = [name for name in ("text", "subject") if name in tickets]
    left = {
        name: tickets[name].map(lambda text: masker.mask(text) if isinstance(text, str) else text)
        for name in columns
    }
    # Unescaping alone is no change.
    heard = [
        any(masker.hears(one) for one in texts if isinstance(one, str))
        for texts in tickets[columns].itertuples(index=False)
    ]
    return model.predict(tickets.assign(**left)[heard])[list(model.tasks)]


def measure(
    answers: pd.DataFrame, weak: "pd.Series[str]", confidence: float, masked: "pd.Series[str]"
) -> Circularity | None:
    """Compare answers with gold and with weak labels; None where there is no weak label.

    Args:
        answers: `actual` and `predicted` by ticket id.
        weak: weak labels by ticket id, missing where rules abstained.
        masked: answers by ticket id without the rules' words, for all tickets that have any.
    """
    given = weak.reindex(answers.index)
    known, heard = given.notna(), answers.index.isin(masked.index)
    if not known.any():
        return None
    own, rest, spoken = answers[known], answers[~heard], answers[heard]

    def share(right: "pd.Series[bool]") -> Figure:
        return share_of(int(right.sum()), len(right), confidence)

    return Circularity(
        agreement=share(own["predicted"] == given[known]),
        accuracy=share(own["predicted"] == own["actual"]),
        rules=share(given[known] == own["actual"]),
        silent=share(rest["predicted"] == rest["actual"]),
        spoken=share(spoken["predicted"] == spoken["actual"]),
        masked=share(masked.reindex(spoken.index) == spoken["actual"]),
        labelled=len(own),
        unspoken=len(rest),
        heard=len(spoken),
    )
