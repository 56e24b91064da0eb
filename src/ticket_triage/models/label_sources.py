"""Whether each source of labels helps: a member fitted with and without it, judged out of fold on gold."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ticket_triage.files import TriageError, read_table, read_text
from ticket_triage.intervals import Figure, percentile, resamples
from ticket_triage.models import ensemble, member, training
from ticket_triage.models.training import Training
from ticket_triage.params import Evaluate, Params, Train
from ticket_triage.schema import Task

WEIGHTS = (0.02, 0.05, 0.1, 0.3)  # of a weakly labelled ticket that are tried


@dataclass(frozen=True)
class Source:
    """What a member learnt from, and how good that made it.

    Attributes:
        name: of what was added to all sources before it.
        settings: of params.yaml that make it so.
        rows: labelled tickets besides gold.
        log_loss, macro_f1: out of fold on gold, probabilities at their best temperature.
        gain: of log-loss against gold alone, with the interval of a paired bootstrap; above 0 it helps.
    """

    task: Task
    name: str
    settings: dict[str, float]
    rows: int
    log_loss: float
    macro_f1: float
    gain: Figure

    @property
    def verdict(self) -> str:
        """In a word."""
        return "helps" if self.gain.low > 0 else "harms" if self.gain.high < 0 else "no difference seen"

    @property
    def sentence(self) -> str:
        """For a terminal."""
        told = f"{self.task}, {self.name}: log-loss {self.log_loss:.4f}, macro-F1 {self.macro_f1:.3f}"
        if not self.settings:
            return told
        low, high = self.gain.low, self.gain.high
        return f"{told}, spared {self.gain.value:+.4f} ({low:+.4f} to {high:+.4f}): {self.verdict}"


def compare(
    task: Task,
    family: str,
    select: Callable[[Train], Training],
    settings: Train,
    measure: Evaluate,
    room: Path,
    progress: Callable[[str], None] = lambda name: None,
) -> list[Source]:
    """Fit `family` on gold alone, on gold with its second labels, and with weak labels of each of WEIGHTS.

    Hyperparameters are the defaults of its search space. What is best out of fold is what to set; no part of gold that
    was kept apart is looked at.

    Args:
        select: what is learnt from under given settings.
        room: a folder for the journals of trials.
        progress: told the name of what is fitted next.
    """
    plain = settings.model_copy(update={"trials": 1, "second_weight": 0.0, "weak_weight": 0.0})
    second = {"second_weight": settings.second_weight or 0.25}
    tried: Sequence[tuple[str, dict[str, float]]] = [
        ("gold alone", {}),
        ("gold with second labels", second),
        *(
            (f"gold with second labels, weak labels at {weight:g}", {**second, "weak_weight": weight})
            for weight in WEIGHTS
        ),
    ]
    found: list[Source] = []
    alone: np.ndarray | None = None
    for number, (name, changed) in enumerate(tried):
        given = plain.model_copy(update=changed)
        training = select(given)
        if "weak_weight" in changed and training.extra.empty:
            continue
        progress(f"{task}: {name}")
        fitted = member.fit(task, family, training, given, room / f"{task}-{number}.log")
        guess = fitted.out_of_fold
        truth = training.labels.loc[guess.index].map({c: n for n, c in enumerate(guess.columns)})
        codes = truth.to_numpy(dtype=np.int64)
        heat = ensemble.best_temperature(guess.to_numpy(), codes)
        own = ensemble.temper(guess.to_numpy(), heat)[np.arange(len(codes)), codes]
        losses = -np.log(np.clip(own, 1e-12, None))
        alone = losses if alone is None else alone
        found.append(
            Source(
                task=task,
                name=name,
                settings=changed,
                rows=fitted.weak_rows,
                log_loss=float(losses.mean()),
                macro_f1=fitted.found.score,
                gain=_gain(alone - losses, measure),
            )
        )
    return found


def of_run(data: Path, family: str, settings: Params, progress: Callable[[str], None]) -> list[Source]:
    """`compare` for all tasks, on what the stages before `train` left in the folder `data`.

    Raises:
        TriageError: they left nothing, or there is no such family.
    """
    read = {name: data / f"{name}.parquet" for name in ("split/train", "labels/weak", "features/train")}
    if lacking := [str(path) for path in read.values() if not path.is_file()]:
        raise TriageError(f"there is no {lacking[0]}: run `make pipeline` first")
    if family not in settings.train.families:
        raise TriageError(f"`train.families` has no {family}, it has {', '.join(settings.train.families)}")
    split, weak, known = (read_table(path) for path in read.values())
    rows = pd.concat([known, read_table(data / "features" / "unlabelled.parquet")])
    rules = read_text(data / "validated" / "taxonomy.yaml")
    found = []
    with tempfile.TemporaryDirectory() as room:
        for task in settings.train.tasks:

            def select(given: Train, task: Task = task) -> Training:
                return training.select(task, rows, split, weak, rules, given)

            if select(settings.train).insufficient(task, settings.train) is None:
                found += compare(
                    task, family, select, settings.train, settings.evaluate, Path(room), progress
                )
    return found


def table(found: Sequence[Source]) -> pd.DataFrame:
    """A row for each source, figures rounded to six digits."""
    return pd.DataFrame(
        [
            {
                "task": one.task,
                "labels": one.name,
                "rows_besides_gold": one.rows,
                "log_loss": round(one.log_loss, 6),
                "macro_f1": round(one.macro_f1, 6),
                **{f"gain_{end}": round(value, 6) for end, value in one.gain._asdict().items()},
            }
            for one in found
        ]
    )


def _gain(spared: np.ndarray, measure: Evaluate) -> Figure:
    draws = [
        weights @ spared / weights.sum(axis=1)
        for weights in resamples(len(spared), measure.bootstrap, measure.seed)
    ]
    return Figure(float(spared.mean()), *percentile(np.concatenate(draws), measure.confidence))
