"""One ticket at a time: the members and blocks of a triage model as look-ups, without tables.

What a table of tickets gets is shared wherever it could differ: the row of features, the terms of a text, the vote, the
decision and the reasons are the same functions.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ticket_triage import features
from ticket_triage.models import decision, ensemble, polling, scorers
from ticket_triage.models.decision import Facts
from ticket_triage.models.lookups import Lookups
from ticket_triage.models.reasons import Columns, Voice, evidence
from ticket_triage.models.rules import Rules
from ticket_triage.models.scorers import Scorer
from ticket_triage.schema import Task

if TYPE_CHECKING:
    from ticket_triage.models.triage_model import TriageModel, Voter

_FACTS = [features.NUMERIC.index(name) for name in ("sentiment", "repeat_contact", "earlier_tickets")]


class Single:
    """Answers one ticket in a millisecond or so, as `TriageModel.predict` answers many."""

    def __init__(self, model: "TriageModel") -> None:
        self._model = model
        voters = [voter for head in model.heads.values() for voter in head.voters]
        numeric = (*features.NUMERIC, *(features.CALENDAR if model.calendar else ()))
        specs = list(dict.fromkeys(spec for voter in voters for spec in voter.specs))
        # Members that were taken out of a model may have taken the space along in which tickets are near.
        nearest = model.nearest
        self._nearest = nearest if nearest and set(nearest.spec.steps) <= set(model.steps) else None
        if self._nearest and self._nearest.spec not in specs:
            specs.append(self._nearest.spec)
        self.specs = tuple(specs)
        self.lookups = Lookups(specs, model.steps, numeric)
        self._rules = next(
            (
                (spec, step)
                for spec in specs
                for step in [model.steps[spec.steps[-1]]]
                if isinstance(step, Rules)
            ),
            None,
        )
        self._routes = decision.routes(model.taxonomy)
        self._scorers: dict[str, Scorer] = {}
        self.columns = {specs: Columns(model.names(specs)) for specs in {v.specs for v in voters}}

    def scorer(self, voter: "Voter") -> Scorer:
        """A member, ready for rows; raises whatever is wrong with it."""
        if (known := self._scorers.get(voter.estimator)) is None:
            made = scorers.make(self._model.estimators[voter.estimator], voter.linear)
            known = self._scorers.setdefault(voter.estimator, made)
        return known

    def answer(self, ticket: Mapping[str, Any], reasons: int = 0) -> dict[str, Any]:
        """What `TriageModel.predict` says of the ticket, by the names of its columns.

        Args:
            ticket: the columns that it has, `text` at least; times are aware datetimes.
            reasons: at most so many for each task.
        """
        seen = features.one(ticket, calendar=self._model.calendar)
        done: dict[Any, Any] = {}
        heads = self._model.heads
        probabilities, voices, degraded = {}, {}, False
        for task in heads:
            probabilities[task], voices[task], missed = self.vote(task, seen, done)
            degraded |= missed
        facts = self._facts(seen, done, degraded, decision.urgent(ticket.get("urgency")))
        found = decision.judge(heads, self._routes, probabilities, facts)
        found["reasons"] = [
            {"task": task, **reason}
            for task in heads
            if reasons
            for reason in evidence(voices[task], heads[task].classes.index(found[task]), reasons)
        ]
        found["neighbours"] = self.neighbours(seen, done) if reasons else []
        return found

    def probabilities(self, ticket: Mapping[str, Any]) -> dict[Task, list[float]]:
        """Calibrated probabilities by task, in the order of `classes`."""
        seen = features.one(ticket, calendar=self._model.calendar)
        done: dict[Any, Any] = {}
        return {task: self.vote(task, seen, done)[0] for task in self._model.heads}

    @property
    def classes(self) -> dict[Task, tuple[str, ...]]:
        """The labels of each task."""
        return self._model.classes

    def neighbours(self, ticket: features.Features, done: dict[Any, Any]) -> list[dict[str, Any]]:
        """The nearest gold tickets, where the model keeps any."""
        if self._nearest is None:
            return []
        try:
            row = self.lookups.block(self._nearest.spec, ticket, done)
        except Exception:  # as `polling` does; whatever it is, the vote has said so
            return []
        return self._nearest.find(row)

    def vote(
        self, task: Task, ticket: features.Features, done: dict[Any, Any]
    ) -> tuple[list[float], list[Voice], bool]:
        """Calibrated probabilities in the order of the head's classes, who spoke, and whether a member could not.

        Args:
            done: what was computed for this ticket so far; filled in.
        """
        head = self._model.heads[task]
        voices: list[Voice] = []

        def ask(number: int, row: int | None) -> np.ndarray:
            voice = self.hear(head.voters[number], ticket, done)
            said = voice.heard.probabilities[None]
            voices.append(voice)
            return said

        held = polling.poll(head.voters, ask, 1, len(head.classes))
        if len(held.silent) == len(head.voters):
            return self._model.fallback(task, [ticket.text])[0].tolist(), [], True
        found = ensemble.temper(held.probabilities, head.temperature)[0]
        return found.tolist(), voices, bool(held.missed[0])

    def hear(self, voter: "Voter", ticket: features.Features, done: dict[Any, Any]) -> Voice:
        """What one member says of the ticket; `done` as for `vote`."""
        one = self.lookups.row(voter.specs, ticket, done)
        heard = self.scorer(voter).hear(one)
        return Voice(heard, voter.weight / voter.temperature, one, self.columns[voter.specs])

    def _facts(self, ticket: features.Features, done: dict[Any, Any], degraded: bool, urgent: bool) -> Facts:
        if self._rules is None:
            rang = self._model.words_of_alarm.find([ticket.text])[0]
        else:
            spec, step = self._rules
            rang = step.rang(self.lookups.block(spec, ticket, done)[0].tolist())
        rang |= {decision.URGENT} if urgent else set()
        tone, again, earlier = ticket.numeric[_FACTS].tolist()
        return Facts(ticket.categorical[0], tone, again, earlier, rang, degraded)
