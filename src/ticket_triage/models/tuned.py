"""Members of the family `encoder` in the mode `tuned`: heads of one network that was fine-tuned for all tasks."""

import importlib
import itertools
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import Pipeline

from ticket_triage import features
from ticket_triage.files import TriageError
from ticket_triage.models import tuning
from ticket_triage.models.encoder import FAMILY, Encoder
from ticket_triage.models.member import Member
from ticket_triage.models.pretrained import Pretrained, small
from ticket_triage.models.session import spoken
from ticket_triage.models.training import Training
from ticket_triage.params import Encode, Train
from ticket_triage.schema import Task

CHECKED = 200  # texts on which the small graph is compared with the exact one
MOOD = "sentiment"  # learnt beside the tasks: what an encoder hears in one helps it with another
EPOCHS = "stopped_after"  # among a member's values: what early stopping found, wanted again by a refit
TAUGHT = "unlabelled"


def fit(
    learnt: Mapping[Task, Training],
    mood: "pd.Series[str]",
    unlabelled: "pd.Series[str]",
    source: Pretrained,
    settings: Encode,
    training: Train,
    progress: Callable[[int], None],
) -> tuple[list[Member], float, dict[str, float]]:
    """Fine-tune for all tasks of `learnt` at once: the members, the agreement of the small graph, and the losses.

    Arguments are those of `encoding.make`.

    Raises:
        TriageError: PyTorch is not installed.
    """
    finetune = _finetune()
    kept = {task: rows.rare(training.folds) for task, rows in learnt.items()}
    lesson = _lesson(
        kept, mood, training.second_weight, {t: tuple(sorted(r.labels.unique())) for t, r in kept.items()}
    )
    count = itertools.count(1)
    found = finetune.tune(
        lesson.texts,
        lesson.targets,
        lesson.groups,
        source,
        settings.tune,
        tokens=settings.tokens,
        folds=training.folds,
        seed=training.seed,
        unlabelled=_some(unlabelled, settings, training),
        progress=lambda: progress(next(count)),
    )
    pipelines, agreement = _pipelines(found, kept, source, settings)
    members = []
    for task, rows in kept.items():
        place = lesson.index.get_indexer(rows.labels.index)
        guesses = pd.DataFrame(found.out_of_fold[task][place], rows.labels.index, list(lesson.classes[task]))
        score = float(f1_score(rows.labels, guesses.idxmax(axis=1), average="macro"))
        trials = pd.DataFrame([{"trial": 0, "state": "complete", "score": score}])
        members.append(
            Member(
                task=task,
                family=FAMILY,
                classes=lesson.classes[task],
                pipeline=pipelines[task],
                values=settings.tune.model_dump(exclude={"shares", TAUGHT})
                | {EPOCHS: found.epochs, TAUGHT: found.pseudo},
                out_of_fold=guesses,
                weak_rows=found.pseudo,
                found=tuning.Found({}, score, trials, False),
            )
        )
    history = {
        f"{name}_{epoch}": value
        for name, values in (("loss_gold", found.losses), ("loss_taught", found.taught))
        for epoch, value in enumerate(values, 1)
    }
    return members, agreement, history


def steps(settings: Encode, training: Train) -> int:
    """How often `fit` tells that it has come further, at most."""
    return settings.tune.epochs * (training.folds * (2 if settings.tune.unlabelled else 1) + 1)


def refit(
    learnt: Mapping[Task, Training],
    mood: "pd.Series[str]",
    unlabelled: "pd.Series[str]",
    classes: Mapping[Task, tuple[str, ...]],
    epochs: int,
    settings: Encode,
    source: Pretrained,
    training: Train,
    progress: Callable[[int], None],
) -> dict[Task, Pipeline]:
    """Fine-tune once more on all rows, for as many epochs as early stopping found; a pipeline for each task.

    Args:
        unlabelled: what the encoder taught itself with; empty where that had not helped.
    """
    finetune = _finetune()
    kept = {task: rows.only(classes[task]) for task, rows in learnt.items()}
    lesson = _lesson(kept, mood, training.second_weight, classes)
    count = itertools.count(1)
    found = finetune.once(
        lesson.texts,
        lesson.targets,
        source,
        settings.tune,
        tokens=settings.tokens,
        seed=training.seed,
        epochs=epochs,
        unlabelled=_some(unlabelled, settings, training),
        progress=lambda: progress(next(count)),
    )
    return _pipelines(found, kept, source, settings)[0]


class _Lesson:
    """Texts, targets and groups as `finetune.tune` takes them, of all rows that any task has; `classes` by task."""

    def __init__(self, kept: Mapping[Task, Training]) -> None:
        self.index = pd.Index(sorted({name for rows in kept.values() for name in rows.labels.index}))
        clean = pd.concat([rows.features[features.TEXT] for rows in kept.values()])
        groups = pd.concat([rows.groups for rows in kept.values()])
        self.texts = [spoken(text) for text in _first(clean).loc[self.index]]
        self.groups = _first(groups).loc[self.index].tolist()
        self.targets: dict[str, np.ndarray] = {}
        self.classes: dict[str, tuple[str, ...]] = {}

    def add(
        self, task: str, classes: tuple[str, ...], labels: "pd.Series[str]", seconds: Any, weight: float
    ) -> None:
        """Add a task's targets: all on the first label, but `weight` of it on the second where there is one."""
        self.classes[task] = classes
        first, second = (
            pd.Categorical(one.reindex(self.index), categories=classes).codes.astype(np.int64)
            for one in (labels, seconds)
        )
        target = np.zeros((len(self.index), len(classes)), dtype=np.float32)
        known = np.flatnonzero(first >= 0)
        target[known, first[known]] = 1.0
        both = np.flatnonzero((first >= 0) & (second >= 0))
        target[both, first[both]] -= weight
        target[both, second[both]] += weight
        self.targets[task] = target


def _lesson(
    kept: Mapping[Task, Training],
    mood: "pd.Series[str]",
    weight: float,
    classes: Mapping[Task, tuple[str, ...]],
) -> _Lesson:
    lesson = _Lesson(kept)
    for task, rows in kept.items():
        lesson.add(task, classes[task], rows.labels, rows.seconds, weight)
    moods = mood.dropna()
    if len(known := sorted(moods.reindex(lesson.index).dropna().unique())) > 1:
        lesson.add(MOOD, tuple(known), moods, moods.iloc[:0], 0.0)
    return lesson


def _pipelines(
    found: Any, kept: Mapping[Task, Training], source: Pretrained, settings: Encode
) -> tuple[dict[Task, Pipeline], float]:
    encoder, agreement = small(found.weights, source, settings, texts(kept), unit=False)
    made = {
        task: Pipeline(
            [("blocks", _block(encoder, rows.features)), ("model", softmax_head(*found.heads[task]))]
        )
        for task, rows in kept.items()
    }
    return made, agreement


def _some(unlabelled: "pd.Series[str]", settings: Encode, training: Train) -> list[str]:
    most = min(settings.tune.unlabelled, len(unlabelled))
    return [spoken(text) for text in unlabelled.sample(most, random_state=training.seed)]


def _finetune() -> Any:
    if not find_torch():
        raise TriageError(
            "to fine-tune the encoder takes PyTorch: run `make torch`, or set `encode.mode` to frozen or none"
        )
    from ticket_triage.models import finetune

    return finetune


def find_torch() -> bool:
    """Whether PyTorch can be imported; looked for in its own folder of the environment, too (see the Makefile)."""
    if find_spec("torch") is None and (Path(sys.prefix) / "torch").is_dir():
        sys.path.append(str(Path(sys.prefix) / "torch"))
        importlib.invalidate_caches()
    return find_spec("torch") is not None


def texts(learnt: Mapping[Task, Training]) -> list[str]:
    """Some clean texts, on which a small graph is compared with the exact one."""
    return next(iter(learnt.values())).features[features.TEXT].head(CHECKED).tolist()


def _first(values: Any) -> Any:
    return values[~values.index.duplicated()]


def _block(encoder: Encoder, table: pd.DataFrame) -> ColumnTransformer:
    return ColumnTransformer([("embedding", encoder, features.TEXT)], sparse_threshold=1.0).fit(table.head(1))


def softmax_head(matrix: np.ndarray, bias: np.ndarray) -> LogisticRegression:
    """The softmax of a network as scikit-learn's."""
    if len(matrix) == 2:  # one row of coefficients stands for two classes
        matrix, bias = matrix[[1]] - matrix[[0]], bias[[1]] - bias[[0]]
    head = LogisticRegression()
    head.coef_, head.intercept_ = matrix.astype(np.float64), bias.astype(np.float64)
    head.classes_, head.n_features_in_ = np.arange(max(2, len(matrix))), matrix.shape[1]
    return head
