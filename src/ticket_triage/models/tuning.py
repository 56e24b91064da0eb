"""Hyperparameters by Optuna; the only module that imports it."""

import hashlib
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from ticket_triage.files import TriageError, md5
from ticket_triage.params import Range

optuna.logging.set_verbosity(optuna.logging.ERROR)

Objective = Callable[[dict[str, Any]], Iterator[float]]
STARTUP = 3  # trials before TPE and the pruner have something to go by


@dataclass(frozen=True)
class Found:
    """The end of a search: the best values, every trial, and whether a time limit cut it short."""

    values: dict[str, Any]
    score: float
    trials: pd.DataFrame
    cut_short: bool
    study: optuna.Study | None = None  # none where nothing was searched


def search(
    objective: Objective,
    space: dict[str, Range],
    *,
    trials: int,
    seed: int,
    journal: Path,
    timeout: float | None = None,
    progress: Callable[[int, float], None] = lambda done, best: None,
) -> Found:
    """Maximise the mean of what `objective` yields fold by fold.

    The first trial takes every `default` of the space. The sampler is seeded anew for each trial from seed + number
    of finished ones, so a study that was killed and is resumed from its journal ends as one that ran through.

    Raises:
        TriageError: the journal cannot be used, or no trial came to an end.
    """
    try:
        journal.parent.mkdir(parents=True, exist_ok=True)
        storage = JournalStorage(JournalFileBackend(str(journal)))
    except (OSError, ValueError) as error:
        raise TriageError(f"cannot use the journal of trials {journal}: {error}") from error
    study = optuna.create_study(
        study_name=journal.stem,
        storage=storage,
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=0),
        load_if_exists=True,
    )
    for left in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(left.number, state=TrialState.FAIL)  # of a process that was killed

    def run(trial: optuna.Trial) -> float:
        values = {name: _suggest(trial, name, choice) for name, choice in space.items()}
        scores: list[float] = []
        for fold, score in enumerate(objective(values)):
            scores.append(score)
            mean = sum(scores) / len(scores)
            trial.report(mean, fold)
            if trial.should_prune():
                raise optuna.TrialPruned
        return sum(scores) / len(scores)

    finished = (TrialState.COMPLETE, TrialState.PRUNED)
    spent = 0.0
    while (done := len(study.get_trials(deepcopy=False, states=finished))) < trials:
        if timeout is not None and spent > timeout:
            break
        study.sampler = optuna.samplers.TPESampler(seed=seed + done, n_startup_trials=STARTUP)
        if done == 0:
            study.enqueue_trial({name: choice.default for name, choice in space.items()})
        study.optimize(run, n_trials=1)
        last = study.get_trials(deepcopy=False)[-1]
        spent += last.duration.total_seconds() if last.duration else 0.0
        progress(done + 1, study.best_value)
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        raise TriageError(f"no trial of {journal.stem} came to an end: look at the log above")
    return Found(
        values={name: study.best_params[name] for name in space},
        score=float(study.best_value),
        trials=_table(study),
        cut_short=done < trials,
        study=study,
    )


def _suggest(trial: optuna.Trial, name: str, choice: Range) -> Any:
    if choice.choices is not None:
        return trial.suggest_categorical(name, choice.choices)
    if isinstance(choice.low, int) and isinstance(choice.high, int):
        return trial.suggest_int(name, choice.low, choice.high, log=choice.log)
    return trial.suggest_float(name, float(choice.low or 0), float(choice.high or 0), log=choice.log)


def _table(study: optuna.Study) -> pd.DataFrame:
    kept = [
        t for t in study.get_trials(deepcopy=False) if t.state in (TrialState.COMPLETE, TrialState.PRUNED)
    ]
    rows = [
        {"trial": n, "state": t.state.name.lower(), "score": t.value, **t.params} for n, t in enumerate(kept)
    ]
    return pd.DataFrame(rows)


def draw(found: Found, folder: Path) -> list[Path]:
    """Write the study's history and, where trials differ, its hyperparameters' slices as PNG files."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from optuna.visualization import matplotlib as plots

    if found.study is None:
        return []
    drawn = []
    pictures: dict[str, Callable[[optuna.Study], Any]] = {"history": plots.plot_optimization_history}
    if len(found.trials) > 1 and found.values:
        pictures["slices"] = plots.plot_slice
    for name, plot in pictures.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # has been, since 2020
            plot(found.study)
        path = folder / f"trials_{name}.png"
        pyplot.gcf().set_size_inches(10, 4)
        pyplot.savefig(path, dpi=80, bbox_inches="tight", metadata={"Software": None})
        pyplot.close("all")
        drawn.append(path)
    return drawn


@contextmanager
def drawn(found: Found) -> Iterator[list[Path]]:
    """The pictures of `draw` as files for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as room:
        yield draw(found, Path(room))


def journal(stem: Path, files: Iterable[str], *values: object) -> Path:
    """The file of a study, named by all that its outcome depends on: one that was killed resumes, another begins."""
    parts = ([md5(Path(file)) for file in files], *values)
    digest = hashlib.sha256("\0".join(map(repr, parts)).encode()).hexdigest()[:16]
    return stem.with_name(f"{stem.name}-{digest}.log")
