"""The one servable object: raw tickets in, full predictions out, decision rule inside."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ticket_triage import features
from ticket_triage import taxonomy as taxonomies
from ticket_triage.files import TriageError, atomic, read_json, sha256, write_json, write_text
from ticket_triage.labeling.functions import Alarms
from ticket_triage.models import blocks, decision, ensemble, families, polling, saving
from ticket_triage.models.calibration import Guard, Sets, Threshold
from ticket_triage.models.fallback import Fallback
from ticket_triage.models.nearest import Nearest
from ticket_triage.models.reasons import Voice, evidence, importances
from ticket_triage.models.rules import Rules
from ticket_triage.models.single import Single
from ticket_triage.schema import Frozen, Task
from ticket_triage.taxonomy import Taxonomy

# In what was done for a table: rows; members by task; rows that somebody called urgent.
_DEGRADED, _SILENT, _URGENT = "degraded", "silent", "urgent"
FORMAT = 4  # raised by every change after which a saved model would answer otherwise, or not at all


def _said(tickets: pd.DataFrame) -> dict[Any, Any]:
    if "urgency" not in tickets:
        return {}
    return {_URGENT: [decision.urgent(one) for one in tickets["urgency"].tolist()]}


class OutdatedModel(TriageError):
    """A model of another format than this code's: it cannot be run."""


class Voter(Frozen):
    """A member's place in the vote of a task; its classifier is the file `estimator`."""

    family: str
    weight: float
    temperature: float
    estimator: str
    linear: bool
    specs: tuple[blocks.Spec, ...]
    values: dict[str, Any]
    score: float
    gain: float = 0.0  # log-loss that the vote has less by it, out of fold


class Head(Frozen):
    """All that decides one task."""

    classes: tuple[str, ...]
    voters: tuple[Voter, ...]
    temperature: float
    threshold: Threshold
    sets: Sets | None = None
    guard: Guard | None = None  # of priority alone
    fallback: Fallback | None = None  # answers where no member can; None: the taxonomy has no rules


@dataclass(frozen=True)
class TriageModel:
    """Takes tickets with at least a column `text`; masks personal data before anything else sees them.

    Attributes:
        heads: one for each task that it was trained for.
        info: what it was made of: hash of the training data, keys of its training texts.
        canaries: tickets with the answers they must get, checked before it serves.
        nearest: gold tickets of training, to show those that a ticket is most like.
        reference: features and predictions on tickets that it was not fitted on, without text; what drift is
            measured against.
    """

    taxonomy: Taxonomy
    heads: dict[Task, Head]
    calendar: bool
    info: dict[str, Any]
    steps: Mapping[str, Any] = field(repr=False)
    estimators: Mapping[str, Any] = field(repr=False)
    canaries: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    nearest: Nearest | None = field(default=None, repr=False)
    reference_path: Path | None = None

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks it answers, in the house's order."""
        return tuple(self.heads)

    @property
    def classes(self) -> dict[Task, tuple[str, ...]]:
        """The labels it can give, by task."""
        return {task: head.classes for task, head in self.heads.items()}

    @property
    def thresholds(self) -> dict[Task, float]:
        """The confidence from which a label needs no person, by task."""
        return {task: head.threshold.value for task, head in self.heads.items()}

    @property
    def reference(self) -> pd.DataFrame:
        """See the class; read when asked for, since serving never needs it."""
        if self.reference_path is None:
            raise TriageError("this model was not saved with a reference")
        return pd.read_parquet(self.reference_path)

    def predict_proba(self, tickets: pd.DataFrame) -> dict[Task, pd.DataFrame]:
        """Calibrated probabilities by task, shape (tickets, classes), indexed as `tickets`."""
        return self._proba(features.build(tickets, calendar=self.calendar), {})

    def _proba(self, table: pd.DataFrame, done: dict[Any, Any]) -> dict[Task, pd.DataFrame]:
        found: dict[Task, pd.DataFrame] = {}
        for task, head in self.heads.items():
            total = np.zeros((len(table), len(head.classes)))
            if len(table):
                held = self._poll(head, table, done)
                total = ensemble.temper(held.probabilities, head.temperature)
                done[_SILENT, task] = held.silent
                done[_DEGRADED] = done.get(_DEGRADED, False) | held.missed
                if len(unanswered := np.flatnonzero(np.isnan(total[:, 0]))):
                    total[unanswered] = self.fallback(task, table[features.TEXT].iloc[unanswered].tolist())
            found[task] = pd.DataFrame(total, index=table.index, columns=list(head.classes))
        return found

    def _poll(self, head: Head, table: pd.DataFrame, done: dict[Any, Any]) -> polling.Poll:
        def ask(number: int, row: int | None) -> np.ndarray:
            voter = head.voters[number]
            matrix = (
                self._matrix(voter, table, done)
                if row is None
                else self._matrix(voter, table.iloc[[row]], {})
            )
            return self.single.scorer(voter).table(matrix)

        return polling.poll(head.voters, ask, len(table), len(head.classes))

    def fallback(self, task: Task, texts: list[str]) -> np.ndarray:
        """Probabilities of clean texts by the experts' rules alone, shape (texts, classes).

        Raises:
            TriageError: the taxonomy has none.
        """
        if (rules := self.heads[task].fallback) is None:
            raise TriageError(f"no member can answer {task}, and the taxonomy has no rules to answer by")
        return rules.predict_proba(self.taxonomy, task, texts)

    def _matrix(self, voter: Voter, table: pd.DataFrame, done: dict[Any, Any]) -> Any:
        if voter.specs not in done:
            done[voter.specs] = blocks.transform(voter.specs, self.steps, table, done)
        return done[voter.specs]

    def predict(self, tickets: pd.DataFrame, reasons: int = 0) -> pd.DataFrame:
        """Label, confidence, route and decision of each ticket, indexed as `tickets`.

        Args:
            reasons: at most so many for each task, and the nearest gold tickets; 0 leaves them out, which is faster.
        """
        table = features.build(tickets, calendar=self.calendar)
        done = _said(tickets)
        answer = self._decide(table, done)
        none: list[list[dict[str, Any]]] = [[] for _ in range(len(table))]
        listed = self._reasons(table, answer, done, reasons) if reasons else none
        near = self._neighbours(table, done) if reasons else none
        answer["reasons"] = pd.Series(listed, index=table.index, dtype=object)
        answer["neighbours"] = pd.Series(near, index=table.index, dtype=object)
        return answer

    def judged(self, tickets: pd.DataFrame) -> tuple[pd.DataFrame, dict[Task, pd.DataFrame]]:
        """What `predict` (without reasons) and `predict_proba` say, in the time of one of them."""
        table = features.build(tickets, calendar=self.calendar)
        done = _said(tickets)
        probabilities = self._proba(table, done)
        return self._ruled(probabilities, table, done), probabilities

    def _decide(self, table: pd.DataFrame, done: dict[Any, Any]) -> pd.DataFrame:
        """Apply the decision rule to the tickets whose features are `table`."""
        return self._ruled(self._proba(table, done), table, done)

    def _ruled(
        self, probabilities: dict[Task, pd.DataFrame], table: pd.DataFrame, done: dict[Any, Any]
    ) -> pd.DataFrame:
        rang, degraded = self._alarms(table, done), done.get(_DEGRADED, np.zeros(len(table), dtype=bool))
        if _URGENT in done:
            rang = [
                kinds | {decision.URGENT} if said else kinds
                for kinds, said in zip(rang, done[_URGENT], strict=True)
            ]
        return decision.decide(self.heads, self.taxonomy, probabilities, table, rang, degraded)

    def _alarms(self, table: pd.DataFrame, done: dict[Any, Any]) -> list[frozenset[str]]:
        for digest, step in self.steps.items():  # most models have looked for the words already
            if isinstance(step, Rules) and (features.TEXT, digest) in done:
                return step.alarms(done[features.TEXT, digest])
        return self.words_of_alarm.find(table[features.TEXT])

    @cached_property
    def words_of_alarm(self) -> Alarms:
        """The taxonomy's words of alarm, ready to be found."""
        return Alarms(self.taxonomy)

    @cached_property
    def single(self) -> Single:
        """The same model for one ticket at a time, many times as fast; made when first asked for."""
        return Single(self)

    def _reasons(
        self, table: pd.DataFrame, answer: pd.DataFrame, done: dict[Any, Any], most: int
    ) -> list[list[dict[str, Any]]]:
        found: list[list[dict[str, Any]]] = [[] for _ in range(len(table))]
        for task, head in self.heads.items():
            column = {label: number for number, label in enumerate(head.classes)}
            chosen = answer[task].map(column).to_numpy()
            voters = [
                (
                    self.single.scorer(voter),
                    voter.weight / voter.temperature,
                    self._matrix(voter, table, done),
                    self.single.columns[voter.specs],
                )
                for number, voter in enumerate(head.voters)
                if number not in done[_SILENT, task]
            ]
            for row in range(len(table)):
                voices = []
                for scorer, weight, matrix, names in voters:
                    one = blocks.row_of(matrix, row)
                    voices.append(Voice(scorer.hear(one), weight, one, names))
                found[row] += [
                    {"task": task, **reason} for reason in evidence(voices, int(chosen[row]), most)
                ]
        return found

    def _neighbours(self, table: pd.DataFrame, done: dict[Any, Any]) -> list[list[dict[str, Any]]]:
        if self.nearest is None or not len(table):
            return [[] for _ in range(len(table))]
        try:
            matrix = blocks.transform([self.nearest.spec], self.steps, table, done)
        except Exception:  # as `polling` does; whatever it is, the vote has said so
            return [[] for _ in range(len(table))]
        return [self.nearest.find(blocks.row_of(matrix, row)) for row in range(len(table))]

    def names(self, specs: tuple[blocks.Spec, ...]) -> list[tuple[str, str]]:
        """(block, feature) of each column of the matrix that these blocks give."""
        # Naming fifty thousand terms takes longer than a prediction, and equal specs have equal names.
        memory: dict[Any, list[tuple[str, str]]] = self.__dict__.setdefault("_named", {})
        if specs not in memory:
            memory[specs] = blocks.names(specs, self.steps)
        return memory[specs]

    def importance(self, task: Task) -> pd.DataFrame:
        """Columns `feature` and `weight`, strongest first; weights of all features of a task sum to one."""
        voters = self.heads[task].voters
        return importances(
            [(self.estimators[v.estimator], v.weight, v.linear, self.names(v.specs)) for v in voters]
        )

    def observe(self, tickets: pd.DataFrame) -> pd.DataFrame:
        """What drift is measured on: row features, predicted labels and confidences; never the text."""
        table = features.build(tickets, calendar=self.calendar)
        answer = self._decide(table, {})
        kept = [c for c in table.columns if c != features.TEXT and c not in features.CALENDAR]
        predicted = [name for task in self.tasks for name in (task, f"{task}_confidence")]
        return pd.concat([table[kept], answer[predicted]], axis=1).reset_index(drop=True)

    def check(self) -> list[str]:
        """A sentence for each canary ticket whose answer is not the one that it had when the model was made."""
        if not self.canaries:
            return []
        tickets = pd.DataFrame({"text": [canary["text"] for canary in self.canaries]})
        faults = []
        for got, canary in zip(self.answers(tickets), self.canaries, strict=True):
            for task, (label, confidence) in canary["expected"].items():
                if got[task][0] != label or abs(got[task][1] - confidence) > 1e-3:
                    faults.append(
                        f"canary {canary['name']}: {task} is {got[task]}, expected {label} {confidence}"
                    )
        return faults

    def answers(self, tickets: pd.DataFrame) -> list[dict[str, tuple[str, float]]]:
        """(label, confidence rounded to six digits) by task, for each ticket."""
        answer = self.predict(tickets)
        return [
            {task: (row[task], round(float(row[f"{task}_confidence"]), 6)) for task in self.tasks}
            for _, row in answer.iterrows()
        ]

    def save(self, folder: Path, source: Path, reference: pd.DataFrame | None = None) -> None:
        """Write the model as a folder with a manifest of every file's hash.

        Args:
            source: folder that holds the files `steps/*` and `members/*` which this model was read from.
            reference: see the class.
        """
        with atomic(folder) as draft:
            for part in ("steps", "members"):
                (draft / part).mkdir(parents=True)
            for digest in self.steps:
                shutil.copyfile(source / "steps" / f"{digest}.skops", draft / "steps" / f"{digest}.skops")
            for name in self.estimators:
                shutil.copyfile(source / "members" / name, draft / "members" / name)
            heads = {task: head.model_dump(mode="json") for task, head in self.heads.items()}
            for head in heads.values():
                for voter in head["voters"]:
                    voter["specs"] = [
                        vars(spec) if not isinstance(spec, dict) else spec for spec in voter["specs"]
                    ]
            about = {"format": FORMAT, "calendar": self.calendar, "info": self.info, "heads": heads}
            write_json(draft / "model.json", about)
            write_json(draft / "canaries.json", list(self.canaries))
            write_text(draft / "taxonomy.yaml", taxonomies.to_yaml(self.taxonomy))
            if self.nearest is not None:
                self.nearest.save(draft)
            if reference is not None:
                reference.to_parquet(draft / "reference.parquet", index=False)
            hashes = {
                f.relative_to(draft).as_posix(): sha256(f) for f in sorted(draft.rglob("*")) if f.is_file()
            }
            write_json(draft / "manifest.json", hashes)

    @classmethod
    def load(cls, folder: Path) -> "TriageModel":
        """Read a saved model; no file is opened before its hash was found right.

        Raises:
            OutdatedModel: it was saved by code of another format.
            TriageError: a file is missing, was changed, or asks for a type that is not trusted.
        """
        folder = Path(folder)
        for name, expected in read_json(folder / "manifest.json").items():
            path = folder / name
            if not path.is_file():
                raise TriageError(f"the model in {folder} is not whole: {name} is missing")
            if sha256(path) != expected:
                raise TriageError(
                    f"the model in {folder} was changed: {name} has another hash than its manifest"
                )
        about = read_json(folder / "model.json")
        if about["format"] != FORMAT:
            raise OutdatedModel(
                f"the model in {folder} has format {about['format']}, this code runs {FORMAT}: train it anew"
            )
        heads: dict[Task, Head] = {task: Head.model_validate(head) for task, head in about["heads"].items()}
        voters = [voter for head in heads.values() for voter in head.voters]
        digests = sorted({d for voter in voters for spec in voter.specs for d in spec.steps})
        reference = folder / "reference.parquet"
        return cls(
            taxonomy=taxonomies.read(folder / "taxonomy.yaml"),
            heads=heads,
            calendar=about["calendar"],
            info=about["info"],
            steps={d: saving.loads(folder / "steps" / f"{d}.skops") for d in digests},
            estimators={v.estimator: families.load(folder / "members" / v.estimator) for v in voters},
            canaries=tuple(read_json(folder / "canaries.json")),
            nearest=Nearest.load(folder),
            reference_path=reference if reference.exists() else None,
        )
