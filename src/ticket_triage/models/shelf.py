"""Members as folders: written by train, read by assemble and by MLflow."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.pipeline import Pipeline

from ticket_triage.files import atomic, read_json, write_json
from ticket_triage.models import blocks, families, saving
from ticket_triage.models.compiled import spec_of
from ticket_triage.models.member import Member
from ticket_triage.models.rows import Spec
from ticket_triage.schema import Task


def save(member: Member, folder: Path) -> None:
    """Write the member as a folder: member.json, its steps, its classifier, out_of_fold.parquet, trials.csv."""
    with atomic(folder) as draft:
        estimator = f"model{families.get(member.family).suffix}"
        specs = write(member.pipeline, draft / "steps", draft / estimator)
        member.out_of_fold.reset_index().to_parquet(draft / "out_of_fold.parquet", index=False)
        member.found.trials.to_csv(draft / "trials.csv", index=False)
        write_json(
            draft / "member.json",
            {
                "task": member.task,
                "family": member.family,
                "classes": member.classes,
                "values": member.values,
                "cut_short": member.found.cut_short,
                "score": member.found.score,
                "weak_rows": member.weak_rows,
                "blocks": specs,
                "estimator": estimator,
            },
        )


def write(pipeline: Pipeline, steps: Path, estimator: Path) -> list[dict[str, Any]]:
    """Write the blocks of a fitted member as files of the folder `steps`, and its classifier as the file `estimator`.

    Returns:
        What `specs_of` reads: of each block its name, columns, and the digests that its steps' files are called by.
    """
    steps.mkdir(parents=True, exist_ok=True)
    specs = []
    for name, columns, fitted in blocks.unpack(pipeline["blocks"]):
        digests = []
        for step in fitted:
            data = saving.dumps(step)
            digests.append(hashlib.sha256(data).hexdigest()[:16])
            (steps / f"{digests[-1]}.skops").write_bytes(data)
        specs.append({"name": name, "columns": columns, "steps": digests})
    families.save(pipeline["model"], estimator)
    return specs


def skip(task: Task, family: str, folder: Path, reason: str) -> None:
    """Write a folder that says why there is no such member."""
    with atomic(folder) as draft:
        draft.mkdir()
        write_json(draft / "member.json", {"task": task, "family": family, "skipped": reason})


@dataclass(frozen=True)
class Saved:
    """A member read back: enough to predict, and its out-of-fold predictions for the vote."""

    folder: Path
    about: dict[str, Any]

    @property
    def skipped(self) -> str | None:
        """Why there is no member here, or None."""
        return self.about.get("skipped")

    def out_of_fold(self) -> pd.DataFrame:
        """Indexed by ticket id, a column for each class."""
        return pd.read_parquet(self.folder / "out_of_fold.parquet").set_index("ticket_id")


def read(folder: Path) -> Saved:
    """Open a saved member.

    Raises:
        TriageError: the folder is missing or damaged.
    """
    about = read_json(folder / "member.json")
    return Saved(Path(folder), about)


@dataclass(frozen=True)
class Loaded:
    """A member that predicts from feature rows."""

    task: Task
    family: str
    classes: tuple[str, ...]
    specs: tuple[Spec, ...]
    steps: dict[str, Any]
    estimator: Any

    def predict_proba(self, table: pd.DataFrame) -> pd.DataFrame:
        """Uncalibrated probabilities, a column for each class."""
        matrix = blocks.transform(self.specs, self.steps, table, {})
        return pd.DataFrame(self.estimator.predict_proba(matrix), table.index, list(self.classes))


def load(folder: Path) -> Loaded:
    """Read what `save` wrote, ready to predict."""
    about = read(folder).about
    specs = specs_of(about)
    return Loaded(
        task=about["task"],
        family=about["family"],
        classes=tuple(about["classes"]),
        specs=specs,
        steps={d: saving.loads(folder / "steps" / f"{d}.skops") for spec in specs for d in spec.steps},
        estimator=families.load(folder / about["estimator"]),
    )


def specs_of(about: dict[str, Any]) -> tuple[Spec, ...]:
    """The blocks that a saved member's description names."""
    return tuple(spec_of(block) for block in about["blocks"])
