"""Members of the families `encoder` and `frozen_encoder`: heads on a sentence encoder, frozen or tuned with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ticket_triage.files import TriageError
from ticket_triage.models import member, pretrained, shelf, tuned
from ticket_triage.models.encoder import FAMILIES, FAMILY, FROZEN, Encoder
from ticket_triage.models.member import Member
from ticket_triage.models.pretrained import Pretrained, small
from ticket_triage.models.training import Training
from ticket_triage.params import Encode, Train
from ticket_triage.schema import Task

Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class Made:
    """The members, and what is to be known of them.

    Attributes:
        agreement: how well eight-bit integers stand for the exact weights, a median cosine by family.
        history: what an experiment tracker keeps of the fine-tuning.
        published: the encoder as it was before it saw any gold, where a member has that one.
    """

    members: list[Member]
    agreement: dict[str, float]
    history: dict[str, float]
    published: Encoder | None = None

    def of(self, task: Task, family: str = FAMILY) -> Member:
        """The member of a task."""
        return next(one for one in self.members if (one.task, one.family) == (task, family))


def make(
    learnt: Mapping[Task, Training],
    mood: "pd.Series[str]",
    unlabelled: "pd.Series[str]",
    settings: Encode,
    training: Train,
    journals: Mapping[Task, Path],
    progress: Progress,
) -> Made:
    """Fit the members of the tasks in `learnt` in the mode that `settings` names.

    Args:
        mood: gold sentiment by ticket id, where it is known.
        unlabelled: clean texts that a fine-tuned encoder may teach itself with.
        journals: where the trials of each task's search are kept.
        progress: told how many of `steps` are done, and the best score so far or NaN.

    Raises:
        TriageError: the encoder cannot be had or run.
    """
    source = pretrained.read(settings.source, settings.sha256)
    if settings.tokens > (places := len(source.weights["embeddings.position_embeddings.weight"])):
        raise TriageError(f"`encode.tokens` is {settings.tokens}, the encoder reads at most {places}")
    made, published = Made([], {}, {}), None
    if settings.mode in ("tuned", "both"):
        members, made.agreement[FAMILY], history = tuned.fit(
            learnt, mood, unlabelled, source, settings, training, lambda done: progress(done, float("nan"))
        )
        made.members.extend(members)
        made.history.update(history)
    if settings.mode in ("frozen", "both"):
        before = steps(settings, training, len(learnt)) - training.trials * len(learnt)
        family = FROZEN if settings.mode == "both" else FAMILY
        members, made.agreement[family], published = frozen(
            family,
            learnt,
            source,
            settings,
            training,
            journals,
            lambda done, best: progress(before + done, best),
        )
        made.members.extend(members)
    return replace(made, published=published)


def steps(settings: Encode, training: Train, tasks: int) -> int:
    """How often `make` tells that it has come further."""
    found = tuned.steps(settings, training) if settings.mode in ("tuned", "both") else 0
    return found + (training.trials * tasks if settings.mode in ("frozen", "both") else 0)


def skipped(task: Task, family: str, rows: Training, settings: Encode, training: Train) -> str | None:
    """Why there is no member of a family for a task, or None."""
    if settings.mode == "none" or (family == FROZEN and settings.mode != "both"):
        return f"`encode.mode` is {settings.mode}"
    return (
        f"{task} is not among `train.tasks`"
        if task not in training.tasks
        else rows.insufficient(task, training)
    )


def skip(learnt: Mapping[Task, Training], settings: Encode, training: Train, out: Path) -> dict[Task, str]:
    """Say in the folder `out`/<task>/<family> of each member that will not be made why not; of `encoder`, by task."""
    found: dict[Task, str] = {}
    for task, rows in learnt.items():
        for family in FAMILIES:
            if reason := skipped(task, family, rows, settings, training):
                shelf.skip(task, family, out / task / family, reason)
                found |= {task: reason} if family == FAMILY else {}
    return found


def save(made: Made, out: Path) -> dict[tuple[Task, str], Path]:
    """Write each member as the folder `out`/<task>/<family>."""
    folders = {(one.task, one.family): out / one.task / one.family for one in made.members}
    for one in made.members:
        shelf.save(one, folders[one.task, one.family])
    return folders


def in_words(scores: Mapping[str, float]) -> str:
    """Scores by name in a line."""
    return ", ".join(f"{name} {score:.3f}" for name, score in scores.items())


def record(made: Made, learnt: Mapping[Task, Training], training: Train) -> dict[str, dict[str, Any]]:
    """`params` and `metrics` of all members as an experiment tracker keeps them, by task and family."""
    found: dict[str, dict[str, Any]] = {"params": {}, "metrics": dict(made.history)}
    for one in made.members:
        called = one.task if one.family == FAMILY else f"{one.task}_{one.family}"
        known = one.record(learnt[one.task], training)
        for part, values in found.items():
            values.update({f"{called}_{name}": value for name, value in known[part].items()})
    found["metrics"].update({f"agreement_{family}": value for family, value in made.agreement.items()})
    return found


def frozen(
    family: str,
    learnt: Mapping[Task, Training],
    source: Pretrained,
    settings: Encode,
    training: Train,
    journals: Mapping[Task, Path],
    progress: Progress,
) -> tuple[list[Member], float, Encoder]:
    """Heads on the encoder as it was published, their hyperparameters searched as those of every family."""
    encoder, agreement = small(source.weights, source, settings, tuned.texts(learnt), unit=True)
    own = frozen_settings(family, settings, training)
    members = []
    for done, (task, rows) in enumerate(learnt.items()):

        def advance(trial: int, best: float, before: int = done * training.trials) -> None:
            progress(before + trial, best)

        members.append(member.fit(task, family, rows, own, journals[task], advance, encoder))
    return members, agreement, encoder


def frozen_settings(family: str, settings: Encode, training: Train) -> Train:
    """What a head on the frozen encoder is fitted with: it learns from no weak label."""
    return training.model_copy(update={"families": {family: settings.head}, "weak_weight": 0.0})
