"""One member: a family fitted for a task, with its out-of-fold predictions and how its values were found."""

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline

from ticket_triage.files import TriageError, atomic, read_json, write_json
from ticket_triage.models import blocks, ensemble, families, saving, tuning
from ticket_triage.params import Train
from ticket_triage.schema import GOLD_PREFIX, Task

Rows = TypeVar("Rows", pd.DataFrame, pd.Series)


@dataclass(frozen=True)
class Training:
    """What a member learns from.

    Attributes:
        features: gold rows, as `features.build` gives them, indexed by ticket id.
        labels: their gold labels.
        groups: rows of one group are never on both sides of a fold.
        extra: weakly labelled rows of the same columns, added to the training side of every fold.
        extra_labels: their labels.
        taxonomy: the experts' file as text.
    """

    features: pd.DataFrame
    labels: pd.Series
    groups: pd.Series
    extra: pd.DataFrame
    extra_labels: pd.Series
    taxonomy: str

    def rare(self, folds: int) -> "Training":
        """Without the classes that have fewer rows than folds, which cannot be validated."""
        counts = self.labels.value_counts()
        learnt = counts.index[counts >= folds]
        keep, keep_extra = self.labels.isin(learnt), self.extra_labels.isin(learnt)
        return Training(
            self.features[keep],
            self.labels[keep],
            self.groups[keep],
            self.extra[keep_extra],
            self.extra_labels[keep_extra],
            self.taxonomy,
        )

    def insufficient(self, task: Task, settings: Train) -> str | None:
        """Why nothing can be learnt from this, or None."""
        if len(self.labels) < settings.min_gold:
            return f"{task} has {len(self.labels)} gold tickets, {settings.min_gold} are needed"
        learnt = self.rare(settings.folds).labels.nunique()
        return (
            f"{task} has {learnt} labels with {settings.folds} gold tickets or more" if learnt < 2 else None
        )


def training(
    task: Task, table: pd.DataFrame, split: pd.DataFrame, weak: pd.DataFrame, taxonomy: str, settings: Train
) -> Training:
    """What a member of `task` learns from.

    Args:
        table: features of the tickets of `split` and of unlabelled ones, with `ticket_id`.
        split: the training part, with gold columns.
        weak: weak labels by `ticket_id`; used where `settings.weak_weight` is not 0.
        taxonomy: the experts' file as text.
    """
    rows = table.set_index("ticket_id")
    learnt = split.set_index("ticket_id")
    gold = _sample(learnt[learnt[f"{GOLD_PREFIX}{task}"].notna()], settings.max_rows, settings.seed)
    extra = weak.set_index("ticket_id")[task].dropna()
    unlabelled = [name for name in extra.index if name in rows.index and name not in learnt.index]
    extra = extra.loc[unlabelled if settings.weak_weight else []]
    extra = _sample(extra, settings.max_rows - len(gold), settings.seed)
    return Training(
        features=rows.loc[gold.index],
        labels=gold[f"{GOLD_PREFIX}{task}"],
        groups=gold["customer"].fillna(gold["text_key"]),
        extra=rows.loc[extra.index],
        extra_labels=extra,
        taxonomy=taxonomy,
    )


def _sample(rows: Rows, most: int, seed: int) -> Rows:
    return rows if len(rows) <= most else rows.sample(max(0, most), random_state=seed).sort_index()


@dataclass(frozen=True)
class Member:
    """A fitted family; `out_of_fold` has a row for each gold row and a column for each class."""

    task: Task
    family: str
    classes: tuple[str, ...]
    pipeline: Pipeline
    values: dict[str, Any]
    out_of_fold: pd.DataFrame
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
) -> Member:
    """Search the family's space by cross-validated macro-F1, then fit the best values on all rows."""
    space = settings.families[family]
    make = families.get(family).make
    kept = training.rare(settings.folds)
    classes = tuple(sorted(kept.labels.unique()))
    if len(classes) < 2:
        raise TriageError(f"{task}: fewer than two labels have {settings.folds} gold tickets or more")
    code = {label: number for number, label in enumerate(classes)}
    y = kept.labels.map(code).to_numpy()
    y_extra = kept.extra_labels.map(code).to_numpy(dtype=np.int64)

    def classifier(values: dict[str, Any]) -> Any:
        return make(settings.seed, **space.fixed, **{k: v for k, v in values.items() if k != "balance"})

    def weights(rows: np.ndarray, values: dict[str, Any]) -> np.ndarray:
        frequency = np.bincount(y[rows], minlength=len(classes)) / len(rows)
        by_class = np.where(frequency > 0, frequency, 1.0) ** -float(values.get("balance", 0.0))
        gold = by_class[y[rows]]
        weak = settings.weak_weight * by_class[y_extra]
        both = np.concatenate([gold, weak])
        return np.asarray(both * len(both) / both.sum())

    def transformer() -> Any:
        return blocks.make(
            space.blocks, settings.text, list(kept.features.columns), settings.seed, kept.taxonomy
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
        learnt = np.concatenate([y[rows], y_extra])
        # A rare class may be missing on this side of a fold; XGBoost wants labels without gaps.
        present, dense = np.unique(learnt, return_inverse=True)
        model = _fit(classifier(values), matrices[fold][0], dense, weights(rows, values))
        spread = np.zeros((len(held_out), len(classes)))
        spread[:, present] = model.predict_proba(matrices[fold][1])
        return spread

    def objective(values: dict[str, Any]) -> Iterator[float]:
        for fold, (_, held_out) in enumerate(sides):
            guess = predict(fold, values).argmax(axis=1)
            yield float(f1_score(y[held_out], guess, average="macro", labels=np.unique(y[held_out])))

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
    model = _fit(
        classifier(found.values),
        fitted.transform(table(everything)),
        np.concatenate([y, y_extra]),
        weights(everything, found.values),
    )
    return Member(
        task=task,
        family=family,
        classes=classes,
        pipeline=Pipeline([("blocks", fitted), ("model", model)]),
        values=found.values,
        out_of_fold=pd.DataFrame(out_of_fold, index=kept.features.index, columns=list(classes)),
        found=found,
    )


def _fit(classifier: Any, X: Any, y: np.ndarray, weights: np.ndarray) -> Any:
    with warnings.catch_warnings():
        # `max_iter` is a param: a trial that reached it is judged by its score like any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return classifier.fit(X, y, sample_weight=weights)


def save(member: Member, folder: Path) -> None:
    """Write the member as a folder: member.json, its steps, its classifier, out_of_fold.parquet, trials.csv."""
    with atomic(folder) as draft:
        (draft / "steps").mkdir(parents=True)
        specs = []
        for name, columns, steps in blocks.unpack(member.pipeline["blocks"]):
            digests = []
            for step in steps:
                data = saving.dumps(step)
                digest = hashlib.sha256(data).hexdigest()[:16]
                (draft / "steps" / f"{digest}.skops").write_bytes(data)
                digests.append(digest)
            specs.append({"name": name, "columns": columns, "steps": digests})
        estimator = f"model{families.get(member.family).suffix}"
        families.save(member.pipeline["model"], draft / estimator)
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
                "blocks": specs,
                "estimator": estimator,
            },
        )


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
    return Saved(Path(folder), json.loads(json.dumps(about)))


@dataclass(frozen=True)
class Loaded:
    """A member that predicts from feature rows."""

    task: Task
    family: str
    classes: tuple[str, ...]
    specs: tuple[blocks.Spec, ...]
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


def specs_of(about: dict[str, Any]) -> tuple[blocks.Spec, ...]:
    """The blocks that a saved member's description names."""
    return tuple(
        blocks.Spec(
            block["name"],
            block["columns"] if isinstance(block["columns"], str) else tuple(block["columns"]),
            tuple(block["steps"]),
        )
        for block in about["blocks"]
    )
