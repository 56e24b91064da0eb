"""The winning configuration fitted once more, on all gold but the sealed parts."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn.pipeline import Pipeline

from ticket_triage.models import encoding, families, member, nearest, pretrained, saving, shelf, tuned
from ticket_triage.models.encoder import FAMILIES, FAMILY, Encoder
from ticket_triage.models.heads import Head, Voter
from ticket_triage.models.training import Lesson
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.params import Assemble, Encode, Train
from ticket_triage.schema import Task

if TYPE_CHECKING:
    import pandas as pd


def refit(
    model: TriageModel,
    lesson: Lesson,
    unlabelled: "pd.Series[str]",
    settings: Train,
    encode: Encode,
    assemble: Assemble,
    stage: Path,
    progress: Callable[[int, float], None] = lambda done, best: None,
) -> TriageModel:
    """The same vote with members fitted on `lesson`: hyperparameters, weights, temperatures and rule stay as they are.

    Those were chosen with members that had seen less, on gold that those had not seen. The members that answer now know
    a little more and have seen validation, so that nothing may be measured on it any more: the model before the refit
    is what validation judges. The rules, which learn nothing, stay.

    Args:
        unlabelled: clean texts that a fine-tuned encoder may have taught itself with.
        stage: a folder where the files are written from which `TriageModel.save` takes them.
        progress: told how many of `steps` are done.
    """
    written = stage / "members"
    written.mkdir(parents=True)
    made = _fine_tuned(model, lesson, unlabelled, settings, encode, progress)
    heads: dict[Task, Head] = {}
    for task, head in model.heads.items():
        voters = []
        for voter in head.voters:
            if voter.family == families.RULES:
                _keep(model, voter, stage)
                voters.append(voter)
                continue
            fitted = (
                made.get(task)
                if _is_tuned(voter)
                else _fitted(model, task, head, voter, lesson, settings, encode)
            )
            wrote = shelf.write(fitted, stage / "steps", written / voter.estimator)
            voters.append(voter.model_copy(update={"specs": shelf.specs_of({"blocks": wrote})}))
        heads[task] = head.model_copy(update={"voters": tuple(voters)})
    voting = [voter for head in heads.values() for voter in head.voters]
    digests = sorted({digest for voter in voting for spec in voter.specs for digest in spec.steps})
    known = sorted({*model.info["training_keys"], *lesson.gold["text_key"]})
    ready = {digest: saving.loads(stage / "steps" / f"{digest}.skops") for digest in digests}
    specs = list(dict.fromkeys(spec for voter in voting for spec in voter.specs))
    return replace(
        model,
        heads=heads,
        info=model.info | {"training_keys": known, "refit": True},
        steps=ready,
        estimators={v.estimator: families.load(written / v.estimator) for v in voting},
        nearest=nearest.make(lesson.gold, specs, ready, assemble.neighbours, assemble.excerpt),
    )


def steps(model: TriageModel) -> int:
    """How often `refit` tells that it has come further."""
    return _epochs(model) * (2 if _taught(model) else 1)


def _epochs(model: TriageModel) -> int:
    return next((int(voter.values[tuned.EPOCHS]) for voter in _voters(model) if _is_tuned(voter)), 0)


def _taught(model: TriageModel) -> bool:
    return any(_is_tuned(voter) and voter.values[tuned.TAUGHT] for voter in _voters(model))


def _voters(model: TriageModel) -> list[Voter]:
    return [voter for head in model.heads.values() for voter in head.voters]


def _is_tuned(voter: Voter) -> bool:
    return voter.family == FAMILY and tuned.EPOCHS in voter.values


def _fine_tuned(
    model: TriageModel,
    lesson: Lesson,
    unlabelled: "pd.Series[str]",
    settings: Train,
    encode: Encode,
    progress: Callable[[int, float], None],
) -> dict[Task, Pipeline]:
    tasks = [task for task, head in model.heads.items() if any(map(_is_tuned, head.voters))]
    if not tasks:
        return {}
    # Learnt for all tasks at once, as it was, even if the vote of one of them has no use for it.
    return tuned.refit(
        lesson.learnt,
        lesson.mood,
        unlabelled if _taught(model) else unlabelled.head(0),
        {task: model.heads[task].classes for task in lesson.learnt},
        _epochs(model),
        encode,
        pretrained.read(encode.source, encode.sha256),
        settings,
        lambda done: progress(done, float("nan")),
    )


def _fitted(
    model: TriageModel, task: Task, head: Head, voter: Voter, lesson: Lesson, settings: Train, encode: Encode
) -> Pipeline:
    own, encoder = settings, None
    if voter.family in FAMILIES:
        own = encoding.frozen_settings(voter.family, encode, settings)
        kept: list[Any] = [model.steps[digest] for spec in voter.specs for digest in spec.steps]
        encoder = next(step for step in kept if isinstance(step, Encoder))
    return member.refit(voter.family, head.classes, voter.values, lesson.learnt[task], own, encoder)


def _keep(model: TriageModel, voter: Voter, stage: Path) -> None:
    """The files of a member that stays as it was."""
    (stage / "steps").mkdir(exist_ok=True)
    for digest in (digest for spec in voter.specs for digest in spec.steps):
        (stage / "steps" / f"{digest}.skops").write_bytes(saving.dumps(model.steps[digest]))
    families.save(model.estimators[voter.estimator], stage / "members" / voter.estimator)
