"""Members of the family `encoder`: a head for each task on a frozen encoder, or heads fine-tuned with it."""

import hashlib
import importlib
import itertools
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from ticket_triage.models import graph, member, pretrained, shelf, tuning
from ticket_triage.models.encoder import FAMILY, Encoder, spoken
from ticket_triage.models.member import Member
from ticket_triage.models.pretrained import Pretrained
from ticket_triage.models.training import Training
from ticket_triage.params import Encode, Train
from ticket_triage.schema import Task

CHECKED = 200  # texts on which the small graph is compared with the exact one
Progress = Callable[[int, float], None]
MOOD = "sentiment"  # learnt beside the tasks: what an encoder hears in one helps it with another


@dataclass(frozen=True)
class Made:
    """The members of all tasks, and how well eight-bit integers stand for the exact weights: a median cosine.

    `published` is the encoder as it was before it saw any gold, where the members have that one.
    """

    members: dict[Task, Member]
    agreement: float
    published: Encoder | None = None


def make(
    learnt: Mapping[Task, Training],
    mood: "pd.Series[str]",
    settings: Encode,
    training: Train,
    journals: Mapping[Task, Path],
    progress: Progress,
) -> Made:
    """Fit the members of the tasks in `learnt` in the mode that `settings` names.

    Args:
        mood: gold sentiment by ticket id, where it is known.
        journals: where the trials of each task's search are kept.
        progress: told how many of `steps` are done, and the best score so far or NaN.

    Raises:
        TriageError: the encoder cannot be had or run.
    """
    source = pretrained.read(settings.source, settings.sha256)
    if settings.tokens > (places := len(source.weights["embeddings.position_embeddings.weight"])):
        raise TriageError(f"`encode.tokens` is {settings.tokens}, the encoder reads at most {places}")
    if settings.mode == "tuned":
        return tuned(learnt, mood, source, settings, training, progress)
    return frozen(learnt, source, settings, training, journals, progress)


def steps(settings: Encode, training: Train, tasks: int) -> int:
    """How often `make` tells that it has come further."""
    return (
        settings.tune.epochs * (training.folds + 1) if settings.mode == "tuned" else training.trials * tasks
    )


def skipped(task: Task, rows: Training, settings: Encode, training: Train) -> str | None:
    """Why there is no encoder for a task, or None."""
    if settings.mode == "none":
        return "`encode.mode` is none"
    return (
        f"{task} is not among `train.tasks`"
        if task not in training.tasks
        else rows.insufficient(task, training)
    )


def save(made: Made, out: Path) -> dict[Task, Path]:
    """Write each member as the folder `out`/<task>/encoder."""
    folders = {task: out / task / FAMILY for task in made.members}
    for task, folder in folders.items():
        shelf.save(made.members[task], folder)
    return folders


def record(made: Made, learnt: Mapping[Task, Training], training: Train) -> dict[str, dict[str, Any]]:
    """`params` and `metrics` of all members as an experiment tracker keeps them, by the task's name."""
    known = {task: made.members[task].record(rows, training) for task, rows in learnt.items()}
    found = {
        part: {f"{task}_{name}": value for task, one in known.items() for name, value in one[part].items()}
        for part in ("params", "metrics")
    }
    found["metrics"]["agreement"] = made.agreement
    return found


def frozen(
    learnt: Mapping[Task, Training],
    source: Pretrained,
    settings: Encode,
    training: Train,
    journals: Mapping[Task, Path],
    progress: Progress,
) -> Made:
    """Heads on the encoder as it was published, their hyperparameters searched as those of every family."""
    encoder, agreement = small(source.weights, source, settings, _texts(learnt), unit=True)
    own = training.model_copy(update={"families": {FAMILY: settings.head}, "weak_weight": 0.0})
    members = {}
    for done, (task, rows) in enumerate(learnt.items()):

        def advance(trial: int, best: float, before: int = done * training.trials) -> None:
            progress(before + trial, best)

        members[task] = member.fit(task, FAMILY, rows, own, journals[task], advance, encoder)
    return Made(members, agreement, encoder)


def tuned(
    learnt: Mapping[Task, Training],
    mood: "pd.Series[str]",
    source: Pretrained,
    settings: Encode,
    training: Train,
    progress: Progress,
) -> Made:
    """Heads fine-tuned with the encoder, all tasks at once.

    Raises:
        TriageError: PyTorch is not installed.
    """
    if not find_torch():
        raise TriageError(
            "`encode.mode` is tuned, which needs PyTorch: run `make torch`, or set it to frozen or none"
        )
    from ticket_triage.models import finetune

    kept = {task: rows.rare(training.folds) for task, rows in learnt.items()}
    index = pd.Index(sorted({name for rows in kept.values() for name in rows.labels.index}))
    texts = pd.concat([rows.features[features.TEXT] for rows in kept.values()])
    groups = pd.concat([rows.groups for rows in kept.values()])
    named = {**{str(task): rows.labels for task, rows in kept.items()}, MOOD: mood.dropna()}
    classes = {task: tuple(sorted(values.unique())) for task, values in named.items()}
    epochs = itertools.count(1)
    found = finetune.tune(
        [spoken(text) for text in _first(texts).loc[index]],
        {
            task: pd.Categorical(values.reindex(index), categories=classes[task]).codes.astype(np.int64)
            for task, values in named.items()
            if len(classes[task]) > 1
        },
        _first(groups).loc[index].tolist(),
        source,
        settings.tune,
        tokens=settings.tokens,
        folds=training.folds,
        seed=training.seed,
        progress=lambda: progress(next(epochs), float("nan")),
    )
    encoder, agreement = small(found.weights, source, settings, _texts(kept), unit=False)
    members: dict[Task, Member] = {}
    for task, rows in kept.items():
        place = index.get_indexer(rows.labels.index)
        guesses = pd.DataFrame(found.out_of_fold[task][place], rows.labels.index, list(classes[task]))
        score = float(f1_score(rows.labels, guesses.idxmax(axis=1), average="macro"))
        members[task] = Member(
            task=task,
            family=FAMILY,
            classes=classes[task],
            pipeline=Pipeline(
                [("blocks", _block(encoder, rows.features)), ("model", softmax_head(*found.heads[task]))]
            ),
            values=settings.tune.model_dump(exclude={"shares"}),
            out_of_fold=guesses,
            weak_rows=0,
            found=tuning.Found(
                {}, score, pd.DataFrame([{"trial": 0, "state": "complete", "score": score}]), False
            ),
        )
    return Made(members, agreement)


def find_torch() -> bool:
    """Whether PyTorch can be imported; looked for in its own folder of the environment, too (see the Makefile)."""
    if find_spec("torch") is None and (Path(sys.prefix) / "torch").is_dir():
        sys.path.append(str(Path(sys.prefix) / "torch"))
        importlib.invalidate_caches()
    return find_spec("torch") is not None


def _first(values: Any) -> Any:
    return values[~values.index.duplicated()]


def _texts(learnt: Mapping[Task, Training]) -> list[str]:
    return next(iter(learnt.values())).features[features.TEXT].head(CHECKED).tolist()


def small(
    weights: Mapping[str, np.ndarray],
    source: Pretrained,
    settings: Encode,
    texts: list[str],
    *,
    unit: bool,
) -> tuple[Encoder, float]:
    """The encoder in eight-bit integers, and its agreement with the exact one.

    Raises:
        TriageError: they do not agree.
    """
    exact = graph.build(weights, source.config, unit=unit)
    encoders = [encoder(one, source.tokenizer, settings.tokens) for one in (exact, graph.quantise(exact))]
    one, other = (encoder.transform(texts).toarray() for encoder in encoders)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    agreement = float(np.median((one * other).sum(axis=1) / lengths))
    if agreement < settings.min_agreement:
        raise TriageError(
            f"in eight-bit integers the encoder says something else: the median cosine is {agreement:.3f}, "
            f"`encode.min_agreement` is {settings.min_agreement}"
        )
    return encoders[1], agreement


def encoder(runs: bytes, tokenizer: str, tokens: int) -> Encoder:
    """The step of a pipeline that runs a graph."""
    digest = hashlib.sha256(runs + tokenizer.encode() + str(tokens).encode()).hexdigest()
    return Encoder(np.frombuffer(runs, dtype=np.uint8), tokenizer, tokens, digest)


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
