"""One ticket at a time: the members and blocks of a triage model as look-ups, without tables.

What a table of tickets gets is shared wherever it could differ: the row of features, the terms of a text, the vote, the
decision and the reasons are the same functions.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ticket_triage import features
from ticket_triage.models import compiled as parts
from ticket_triage.models import decision, ensemble, polling
from ticket_triage.models.compiled import Compiled
from ticket_triage.models.decision import Facts
from ticket_triage.models.heads import Voter
from ticket_triage.models.lookups import Fired, Lookups, Step
from ticket_triage.models.reasons import Columns, Voice, evidence
from ticket_triage.models.rows import Spec
from ticket_triage.models.scorers import Scorer
from ticket_triage.schema import Task

if TYPE_CHECKING:
    from ticket_triage.models.triage_model import TriageModel

_FACTS = [features.NUMERIC.index(name) for name in ("sentiment", "repeat_contact", "earlier_tickets")]


class Single:
    """Answers one ticket in a millisecond or so, as `TriageModel.predict` answers many.

    Args:
        compiled: of the model; made of its fitted steps where it was not saved with them.
    """

    def __init__(self, model: "TriageModel", compiled: Compiled | None = None) -> None:
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
        self.compiled = compiled or _compiled(model, specs)
        steps, names = self.compiled.steps, self.compiled.names
        widths = {spec.steps[-1]: len(names[spec]) for spec in specs}
        self.lookups = Lookups(specs, steps, numeric, widths)
        self._rules = next(
            ((spec, step) for spec in specs for step in [steps[spec.steps[-1]]] if isinstance(step, Fired)),
            None,
        )
        self._routes = decision.routes(model.taxonomy)
        self.columns = {
            specs: Columns([name for spec in specs for name in names[spec]])
            for specs in {voter.specs for voter in voters}
        }

    def scorer(self, voter: Voter) -> Scorer:
        """A member, ready for rows; raises whatever is wrong with it."""
        scorers = self.compiled.scorers
        if (known := scorers.get(voter.estimator)) is None:
            from ticket_triage.models import compiling  # as in `_compiled`

            made = compiling.scorer(self._model.estimators[voter.estimator], voter.linear)
            known = scorers.setdefault(voter.estimator, made)
        return known

    def save(self, folder: Path) -> bool:
        """Write what is compiled into the model's folder; whether there is such a form of all its parts."""
        for head in self._model.heads.values():
            for voter in head.voters:
                self.scorer(voter)
        return parts.write(self.compiled, folder)

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

    def hear(self, voter: Voter, ticket: features.Features, done: dict[Any, Any]) -> Voice:
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


def _compiled(model: "TriageModel", specs: Sequence[Spec]) -> Compiled:
    # Brings scikit-learn and the trees, which a model that was saved compiled has no use for.
    from ticket_triage.models import blocks, compiling

    steps: dict[str, Step] = {}
    for spec in specs:
        columns = [spec.columns] if isinstance(spec.columns, str) else list(spec.columns)
        for digest in spec.steps:
            if digest not in steps:
                steps[digest] = compiling.step(model.steps[digest], columns)
    return Compiled(steps, {spec: blocks.names([spec], model.steps) for spec in specs})
