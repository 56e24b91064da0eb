"""The version that serves: its files, what it was worth, what ran before it, and the way back."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from ticket_triage.files import TriageError, atomic, write_json
from ticket_triage.registry import versions
from ticket_triage.registry.versions import CHAMPION, PREVIOUS
from ticket_triage.schema import TASKS, URGENT, Figure, Measured, ModelRef, Task

PACKAGED = "packaged"  # tag of the registered model
REASONS = "reasons"  # tag of a version: those of its verdict
# Tags of a version, by figure of the gold test and task: the value and the bounds of its interval.
NOTED = {
    (figure, task): tuple(f"test.{task}.{figure}{end}" for end in ("", "_low", "_high"))
    for figure in (
        "macro_f1",
        "accuracy",
        "accuracy_second",
        "ece",
        "sure_share",
        "sure_precision",
        "sure_precision_strict",
        "auto_share",
        "recall_high",
        "precision_high",
        "missed_high",
    )
    for task in TASKS
}


def told(name: str, version: str) -> dict[str, dict[str, list[float]]]:
    """Figures of each task on the gold test with their intervals, as noted when the version was judged."""
    tags = versions.tags_of(name, version)
    found: dict[str, dict[str, list[float]]] = {}
    for (figure, task), named in NOTED.items():
        by_task = found.setdefault(figure, {})
        if all(one in tags for one in named):
            by_task[task] = [float(tags[one]) for one in named]
    return found


def urgent(name: str, version: str) -> str:
    """What a version says of urgent tickets that it calls low, as the first reason of its verdict did."""
    reasons = versions.tags_of(name, version).get(REASONS, "").split("\n")
    return next((reason for reason in reasons if reason.startswith(URGENT)), "")


def fetch(promoted: dict[str, Any], folder: Path) -> ModelRef:
    """Put the champion's files, by exact version, at `folder`, as `bring` does."""
    ref = ModelRef(name=promoted["model"], version=promoted["champion"])
    bring(ref, folder)
    return ref


def bring(ref: ModelRef, folder: Path) -> None:
    """Put the files of a version at `folder`.

    Beside them are `ref.json`, which they are, and `metrics.json`, what they were worth on the gold test.
    """
    with tempfile.TemporaryDirectory() as room, atomic(folder) as draft:
        shutil.copytree(versions.fetch(ref.name, ref.version, Path(room)), draft)
        write_json(draft / "ref.json", ref.model_dump())
        write_json(draft / "metrics.json", measured(ref).model_dump(mode="json"))


def measured(ref: ModelRef) -> Measured:
    """What a version was worth on the gold test, as noted when it was judged; empty where it never was."""
    figures: dict[Task, dict[str, Figure]] = {}
    for figure, by_task in told(ref.name, ref.version).items():
        for task in TASKS:
            if task in by_task:
                value, low, high = by_task[task]
                figures.setdefault(task, {})[figure] = Figure(value=value, low=low, high=high)
    said = urgent(ref.name, ref.version) or None
    return Measured(on="the gold test" if figures else None, figures=figures, urgent=said)


def packaged(ref: ModelRef, bento: str) -> dict[str, Any]:
    """Note that `ref` is what runs now; what ran before becomes `previous`, to roll back to."""
    last = versions.tags_of(ref.name).get(PACKAGED)
    if last and last != ref.version:
        versions.set_alias(ref.name, PREVIOUS, last)
    versions.tag(ref.name, {PACKAGED: ref.version})
    versions.tag(ref.name, {"bento": bento}, ref.version)
    return {
        "model": ref.name,
        "version": ref.version,
        "bento": bento,
        "previous": versions.alias(ref.name, PREVIOUS),
    }


def rollback(pool: str, taxonomy: str, why: str) -> ModelRef:
    """Make the last packaged version before this one the champion again.

    Raises:
        TriageError: there is none.
    """
    name = versions.registered_name(pool, taxonomy)
    now, before = versions.alias(name, CHAMPION), versions.alias(name, PREVIOUS)
    if before is None:
        packaged_once = PACKAGED in versions.tags_of(name)
        ever = "only one was ever packaged" if packaged_once else "none was ever packaged"
        raise TriageError(f"{name} has no previous version to roll back to: {ever}")
    if before == now:
        raise TriageError(f"version {now} of {name} is champion already: `make package` packages it")
    versions.set_alias(name, CHAMPION, before)
    versions.tag(name, {"rolled_back": why}, now)
    return ModelRef(name=name, version=before)
