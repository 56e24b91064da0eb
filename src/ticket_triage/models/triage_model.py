"""The one servable object: raw tickets in, full predictions out, decision rule inside.

What tables of tickets need, scikit-learn and the trees above all, is imported where it is used: it takes seconds, and a
service that was packaged with its model compiled asks for none of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ticket_triage import features
from ticket_triage import taxonomy as taxonomies
from ticket_triage.files import TriageError, atomic, read_json, read_table, write_json, write_text
from ticket_triage.labeling.functions import Alarms
from ticket_triage.models import compiled, manifest
from ticket_triage.models.canaries import faults
from ticket_triage.models.heads import Head
from ticket_triage.models.nearest import Nearest
from ticket_triage.models.parts import Parts
from ticket_triage.models.single import Single
from ticket_triage.schema import Task
from ticket_triage.taxonomy import Taxonomy

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ticket_triage.models.batch import Batch
    from ticket_triage.models.rows import Spec

FORMAT = 4  # raised by every change after which a saved model would answer otherwise, or not at all


class OutdatedModel(TriageError):
    """A model of another format than this code's: it cannot be run."""


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
        return read_table(self.reference_path)

    def predict_proba(self, tickets: pd.DataFrame) -> dict[Task, pd.DataFrame]:
        """Calibrated probabilities by task, shape (tickets, classes), indexed as `tickets`."""
        return self._batch(tickets).probabilities

    def fallback(self, task: Task, texts: list[str]) -> np.ndarray:
        """Probabilities of clean texts by the experts' rules alone, shape (texts, classes).

        Raises:
            TriageError: the taxonomy has none.
        """
        if (rules := self.heads[task].fallback) is None:
            raise TriageError(f"no member can answer {task}, and the taxonomy has no rules to answer by")
        return rules.predict_proba(self.taxonomy, task, texts)

    def predict(self, tickets: pd.DataFrame, reasons: int = 0) -> pd.DataFrame:
        """Label, confidence, route and decision of each ticket, indexed as `tickets`.

        Args:
            reasons: at most so many for each task, and the nearest gold tickets; 0 leaves them out, which is faster.
        """
        import pandas as pd

        batch = self._batch(tickets)
        none: list[list[dict[str, Any]]] = [[] for _ in range(len(tickets))]
        listed = batch.reasons(reasons) if reasons else none
        near = batch.neighbours() if reasons else none
        return batch.answer.assign(
            reasons=pd.Series(listed, index=tickets.index, dtype=object),
            neighbours=pd.Series(near, index=tickets.index, dtype=object),
        )

    def judged(self, tickets: pd.DataFrame) -> tuple[pd.DataFrame, dict[Task, pd.DataFrame]]:
        """What `predict` (without reasons) and `predict_proba` say, in the time of one of them."""
        batch = self._batch(tickets)
        return batch.answer, batch.probabilities

    def _batch(self, tickets: pd.DataFrame) -> Batch:
        from ticket_triage.models.batch import Batch

        return Batch(self, tickets)

    @cached_property
    def words_of_alarm(self) -> Alarms:
        """The taxonomy's words of alarm, ready to be found."""
        return Alarms(self.taxonomy)

    @cached_property
    def single(self) -> Single:
        """The same model for one ticket at a time, many times as fast; made when first asked for."""
        return Single(self)

    def names(self, specs: tuple[Spec, ...]) -> list[tuple[str, str]]:
        """(block, feature) of each column of the matrix that these blocks give."""
        from ticket_triage.models import blocks

        # Naming fifty thousand terms takes longer than a prediction, and equal specs have equal names.
        memory: dict[Any, list[tuple[str, str]]] = self.__dict__.setdefault("_named", {})
        if specs not in memory:
            memory[specs] = blocks.names(specs, self.steps)
        return memory[specs]

    def importance(self, task: Task) -> pd.DataFrame:
        """Columns `feature` and `weight`, strongest first; weights of all features of a task sum to one."""
        from ticket_triage.models.importance import importances

        voters = self.heads[task].voters
        return importances(
            [(self.estimators[v.estimator], v.weight, v.linear, self.names(v.specs)) for v in voters]
        )

    def observe(self, tickets: pd.DataFrame) -> pd.DataFrame:
        """What drift is measured on: row features, predicted labels and confidences; never the text."""
        import pandas as pd

        batch = self._batch(tickets)
        table, answer = batch.table, batch.answer
        kept = [c for c in table.columns if c != features.TEXT and c not in features.CALENDAR]
        predicted = [name for task in self.tasks for name in (task, f"{task}_confidence")]
        return pd.concat([table[kept], answer[predicted]], axis=1).reset_index(drop=True)

    def check(self) -> list[str]:
        """A sentence for each canary ticket whose answer is not the one that it had when the model was made."""
        import pandas as pd

        if not self.canaries:
            return []
        tickets = pd.DataFrame({"text": [canary["text"] for canary in self.canaries]})
        answers = zip(self.canaries, self.answers(tickets), strict=True)
        return [fault for canary, got in answers for fault in faults(canary, got)]

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
            about = {"format": FORMAT, "calendar": self.calendar, "info": self.info, "heads": heads}
            write_json(draft / "model.json", about)
            write_json(draft / "canaries.json", list(self.canaries))
            write_text(draft / "taxonomy.yaml", taxonomies.to_yaml(self.taxonomy))
            if self.nearest is not None:
                self.nearest.save(draft)
            if reference is not None:
                reference.to_parquet(draft / "reference.parquet", index=False)
            manifest.write(draft)

    @classmethod
    def load(cls, folder: Path) -> TriageModel:
        """Read a saved model; no file is opened before its hash was found right.

        Raises:
            OutdatedModel: it was saved by code of another format.
            TriageError: a file is missing, was changed, or asks for a type that is not trusted.
        """
        folder = Path(folder)
        manifest.check(folder)
        about = read_json(folder / "model.json")
        if about["format"] != FORMAT:
            raise OutdatedModel(
                f"the model in {folder} has format {about['format']}, this code runs {FORMAT}: train it anew"
            )
        heads: dict[Task, Head] = {task: Head.model_validate(head) for task, head in about["heads"].items()}
        voters = [voter for head in heads.values() for voter in head.voters]
        digests = sorted({d for voter in voters for spec in voter.specs for d in spec.steps})
        reference = folder / "reference.parquet"
        steps: Mapping[str, Any] = Parts(folder, {d: f"steps/{d}.skops" for d in digests})
        estimators: Mapping[str, Any] = Parts(folder, {v.estimator: f"members/{v.estimator}" for v in voters})
        if (ready := compiled.read(folder)) is None:
            steps, estimators = dict(steps), dict(estimators)
        made = cls(
            taxonomy=taxonomies.read(folder / "taxonomy.yaml"),
            heads=heads,
            calendar=about["calendar"],
            info=about["info"],
            steps=steps,
            estimators=estimators,
            canaries=tuple(read_json(folder / "canaries.json")),
            nearest=Nearest.load(folder),
            reference_path=reference if reference.exists() else None,
        )
        if ready is not None:
            made.__dict__["single"] = Single(made, ready)
        return made
