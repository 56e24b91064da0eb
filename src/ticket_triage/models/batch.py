"""A table of tickets before a triage model: each block and each vote is computed once, whatever is asked of them."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ticket_triage import features
from ticket_triage.models import blocks, compiling, decision, ensemble, polling
from ticket_triage.models.heads import Head
from ticket_triage.models.reasons import Voice, evidence
from ticket_triage.models.rows import Spec
from ticket_triage.models.rules import Rules
from ticket_triage.schema import Task

if TYPE_CHECKING:
    from ticket_triage.models.triage_model import TriageModel


class Batch:
    """Answers many tickets, as `Single` answers one.

    Attributes:
        table: features of the tickets.
    """

    def __init__(self, model: "TriageModel", tickets: pd.DataFrame) -> None:
        self._model = model
        self.table = features.build(tickets, calendar=model.calendar)
        said = tickets["urgency"].tolist() if "urgency" in tickets else [None] * len(tickets)
        self._urgent = [decision.urgent(one) for one in said]
        self._degraded = np.zeros(len(tickets), dtype=bool)  # rows that a member could not answer
        self._silent: dict[Task, frozenset[int]] = {}  # members that could not answer some row
        self._done: dict[Any, Any] = {}  # steps of blocks, and matrices by their blocks

    @cached_property
    def probabilities(self) -> dict[Task, pd.DataFrame]:
        """Calibrated, by task, shape (tickets, classes), indexed as the tickets."""
        found: dict[Task, pd.DataFrame] = {}
        for task, head in self._model.heads.items():
            total = np.zeros((len(self.table), len(head.classes)))
            if len(self.table):
                held = self._poll(head)
                total = ensemble.temper(held.probabilities, head.temperature)
                self._silent[task] = held.silent
                self._degraded |= held.missed
                if len(unanswered := np.flatnonzero(np.isnan(total[:, 0]))):
                    texts = self.table[features.TEXT].iloc[unanswered].tolist()
                    total[unanswered] = self._model.fallback(task, texts)
            found[task] = pd.DataFrame(total, index=self.table.index, columns=list(head.classes))
        return found

    def _poll(self, head: Head) -> polling.Poll:
        def ask(number: int, row: int | None) -> np.ndarray:
            voter = head.voters[number]
            matrix = (
                self.matrix(voter.specs)
                if row is None
                else blocks.transform(voter.specs, self._model.steps, self.table.iloc[[row]], {})
            )
            scorer = self._model.single.scorer(voter)
            return compiling.table(self._model.estimators[voter.estimator], scorer, matrix)

        return polling.poll(head.voters, ask, len(self.table), len(head.classes))

    def matrix(self, specs: tuple[Spec, ...]) -> Any:
        """What a member with these blocks reads, shape (tickets, features)."""
        if specs not in self._done:
            self._done[specs] = blocks.transform(specs, self._model.steps, self.table, self._done)
        return self._done[specs]

    @cached_property
    def answer(self) -> pd.DataFrame:
        """What the decision rule makes of the probabilities, indexed as the tickets."""
        probabilities = self.probabilities  # before the alarms, which look at what was computed for them
        rang = [
            kinds | {decision.URGENT} if urgent else kinds
            for kinds, urgent in zip(self._alarms(), self._urgent, strict=True)
        ]
        return decision.decide(
            self._model.heads, self._model.taxonomy, probabilities, self.table, rang, self._degraded
        )

    def _alarms(self) -> list[frozenset[str]]:
        for digest, step in self._model.steps.items():  # most models have looked for the words already
            if isinstance(step, Rules) and (features.TEXT, digest) in self._done:
                return step.alarms(self._done[features.TEXT, digest])
        return self._model.words_of_alarm.find(self.table[features.TEXT])

    def reasons(self, most: int) -> list[list[dict[str, Any]]]:
        """For each ticket what spoke for its labels, at most so many for each task."""
        found: list[list[dict[str, Any]]] = [[] for _ in range(len(self.table))]
        if not found:
            return found
        for task, head in self._model.heads.items():
            column = {label: number for number, label in enumerate(head.classes)}
            chosen = self.answer[task].map(column).to_numpy()
            voters = [
                (
                    self._model.single.scorer(voter),
                    voter.weight / voter.temperature,
                    self.matrix(voter.specs),
                    self._model.single.columns[voter.specs],
                )
                for number, voter in enumerate(head.voters)
                if number not in self._silent[task]
            ]
            for row in range(len(self.table)):
                voices = []
                for scorer, weight, matrix, names in voters:
                    one = blocks.row_of(matrix, row)
                    voices.append(Voice(scorer.hear(one), weight, one, names))
                found[row] += [
                    {"task": task, **reason} for reason in evidence(voices, int(chosen[row]), most)
                ]
        return found

    def neighbours(self) -> list[list[dict[str, Any]]]:
        """For each ticket the nearest gold tickets, where the model keeps any."""
        nearest = self._model.nearest
        if nearest is None or not len(self.table):
            return [[] for _ in range(len(self.table))]
        try:
            matrix = blocks.transform([nearest.spec], self._model.steps, self.table, self._done)
        except Exception:  # as `polling` does; whatever it is, the vote has said so
            return [[] for _ in range(len(self.table))]
        return [nearest.find(blocks.row_of(matrix, row)) for row in range(len(self.table))]
