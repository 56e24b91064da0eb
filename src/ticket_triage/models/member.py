"""One member: a family fitted for a task, with its out-of-fold predictions and how its values were found."""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline

from ticket_triage.files import TriageError
from ticket_triage.models import blueprint, ensemble, families, tuning
from ticket_triage.models.encoder import Encoder
from ticket_triage.models.training import Training
from ticket_triage.params import Family as FamilySpace
from ticket_triage.params import Train
from ticket_triage.schema import Task


@dataclass(frozen=True)
class Member:
    """A fitted family; `out_of_fold` has a row for each gold row and a column for each class.

    `weak_rows` says on how many weakly labelled tickets it was fitted besides.
    """

    task: Task
    family: str
    classes: tuple[str, ...]
    pipeline: Pipeline
    values: dict[str, Any]
    out_of_fold: pd.DataFrame
    weak_rows: int
    found: tuning.Found

    def record(self, training: Training, settings: Train) -> dict[str, dict[str, Any]]:
        """`params` and `metrics` of the fit as an experiment tracker keeps them; metrics are out of fold."""
        truth = training.labels.loc[self.out_of_fold.index]
        guess = self.out_of_fold.idxmax(axis=1)
        columns = truth.map({label: n for n, label in enumerate(self.classes)}).to_numpy(dtype=np.int64)
        return {
            "params": {
                **self.values,
                **{name: getattr(settings, name) for name in ("trials", "folds", "seed", "weak_weight")},
                "rows": len(training.labels),
                "cut_short": self.found.cut_short,
            },
            "metrics": {
                "cv_macro_f1": self.found.score,
                "oof_accuracy": float((guess == truth).mean()),
                "oof_macro_f1": float(f1_score(truth, guess, average="macro")),
                "oof_log_loss": ensemble.log_loss(self.out_of_fold.to_numpy(), columns),
            },
        }


def fit(
    task: Task,
    family: str,
    training: Training,
    settings: Train,
    journal: Path,
    progress: Callable[[int, float], None] = lambda done, best: None,
    encoder: Encoder | None = None,
) -> Member:
    """Search the family's space by cross-validated macro-F1, then fit the best values on all rows.

    `encoder` is what a block `embedding` is made with.
    """
    space = settings.families[family]
    families.check(family, space)
    make = families.get(family).make
    kept = training.rare(settings.folds)
    classes = tuple(sorted(kept.labels.unique()))
    if len(classes) < 2:
        raise TriageError(f"{task}: fewer than two labels have {settings.folds} gold tickets or more")
    learner = _Learner(kept, classes, space, settings, make)
    y = learner.y

    def transformer() -> Any:
        return blueprint.make(
            space.blocks, settings.text, list(kept.features.columns), settings.seed, kept.taxonomy, encoder
        )

    def table(rows: np.ndarray) -> pd.DataFrame:
        return pd.concat([kept.features.iloc[rows], kept.extra])

    folds = StratifiedGroupKFold(settings.folds, shuffle=True, random_state=settings.seed)
    sides = list(folds.split(np.zeros(len(y)), y, kept.groups))
    matrices: list[tuple[Any, Any]] = []
    for rows, held_out in sides:  # once: the blocks depend on no searched value
        fitted = transformer().fit(table(rows))
        matrices.append((fitted.transform(table(rows)), fitted.transform(kept.features.iloc[held_out])))

    known: dict[tuple[int, str], np.ndarray] = {}  # the best trial's predictions are wanted again at the end

    def predict(fold: int, values: dict[str, Any]) -> np.ndarray:
        key = (fold, repr(sorted(values.items())))
        if key not in known:
            known[key] = fit_and_predict(fold, values)
        return known[key]

    def fit_and_predict(fold: int, values: dict[str, Any]) -> np.ndarray:
        rows, held_out = sides[fold]
        model, present = learner.fit(rows, matrices[fold][0], values)
        spread = np.zeros((len(held_out), len(classes)))
        spread[:, present] = model.predict_proba(matrices[fold][1])
        return spread

    def objective(values: dict[str, Any]) -> Iterator[float]:
        # All families fit outside of Python's lock, on a core each. A trial that is pruned takes the rest back.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            guesses = [pool.submit(predict, fold, values) for fold in range(len(sides))]
            try:
                for guess, (_, held_out) in zip(guesses, sides, strict=True):
                    found = guess.result().argmax(axis=1)
                    yield float(f1_score(y[held_out], found, average="macro", labels=np.unique(y[held_out])))
            finally:
                for guess in guesses:
                    guess.cancel()

    with warnings.catch_warnings():  # around the threads: filters are the whole process's
        # `max_iter` is a param: a trial that reached it is judged by its score like any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = tuning.search(
            objective,
            space.search,
            trials=settings.trials,
            seed=settings.seed,
            journal=journal,
            timeout=settings.timeout,
            progress=progress,
        )
        out_of_fold = np.zeros((len(y), len(classes)))
        for fold, (_, held_out) in enumerate(sides):
            out_of_fold[held_out] = predict(fold, found.values)

        everything = np.arange(len(y))
        fitted = transformer().fit(table(everything))
        model, _ = learner.fit(everything, fitted.transform(table(everything)), found.values)
    return Member(
        task=task,
        family=family,
        classes=classes,
        pipeline=Pipeline([("blocks", fitted), ("model", model)]),
        values=found.values,
        out_of_fold=pd.DataFrame(out_of_fold, index=kept.features.index, columns=list(classes)),
        weak_rows=len(kept.extra),
        found=found,
    )


def refit(
    family: str,
    classes: tuple[str, ...],
    values: dict[str, Any],
    training: Training,
    settings: Train,
    encoder: Encoder | None = None,
) -> Pipeline:
    """Blocks and classifier of the hyperparameters `values`, fitted on all rows that have a label of `classes`."""
    kept = training.only(classes)
    learner = _Learner(kept, classes, settings.families[family], settings, families.get(family).make)
    fitted = blueprint.make(
        settings.families[family].blocks,
        settings.text,
        list(kept.features.columns),
        settings.seed,
        kept.taxonomy,
        encoder,
    )
    table = pd.concat([kept.features, kept.extra])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        matrix = fitted.fit_transform(table)
        model, _ = learner.fit(np.arange(len(kept.labels)), matrix, values)
    return Pipeline([("blocks", fitted), ("model", model)])


class _Learner:
    """Fits classifiers of a family on some of the gold rows, all with their weights, and on all weakly labelled ones.

    A gold row with a second label is learnt from twice: what the second label weighs, the first one lacks.
    """

    def __init__(
        self,
        training: Training,
        classes: Sequence[str],
        space: FamilySpace,
        settings: Train,
        make: Callable[..., Any],
    ) -> None:
        self._classes, self._space, self._settings, self._make = len(classes), space, settings, make
        code = {label: number for number, label in enumerate(classes)}
        self.y = training.labels.map(code).to_numpy(dtype=np.int64)
        self._extra = training.extra_labels.map(code).to_numpy(dtype=np.int64)
        second = training.seconds.map(code).fillna(-1).to_numpy(dtype=np.int64)
        self._second = second if settings.second_weight else np.full_like(second, -1)

    def fit(self, rows: np.ndarray, matrix: Any, values: dict[str, Any]) -> tuple[Any, np.ndarray]:
        """A fitted classifier, and which class each of its columns is.

        Args:
            matrix: of the gold `rows` followed by all weakly labelled ones.
        """
        given = self._space.fixed | values
        again = np.flatnonzero(self._second[rows] >= 0)
        y, second = self.y[rows], self._second[rows][again]
        frequency = np.bincount(y, minlength=self._classes) / len(rows)
        by_class = np.where(frequency > 0, frequency, 1.0) ** -float(given.get(families.BALANCE, 0.0))
        share = np.ones(len(rows))
        share[again] -= self._settings.second_weight
        labels = np.concatenate([y, self._extra, second])
        weights = by_class[labels] * np.concatenate(
            [
                share,
                np.full(len(self._extra), self._settings.weak_weight),
                np.full(len(again), self._settings.second_weight),
            ]
        )
        # A rare class may be missing on this side of a fold; XGBoost wants labels without gaps.
        present, dense = np.unique(labels, return_inverse=True)
        model = self._make(self._settings.seed, **{k: v for k, v in given.items() if k != families.BALANCE})
        learnt = sparse.vstack([matrix, matrix[again]], format="csr") if len(again) else matrix
        return model.fit(learnt, dense, sample_weight=weights * len(weights) / weights.sum()), present
