"""What a triage model is worth on gold tickets, by the same `predict` that serves."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ticket_triage import params
from ticket_triage import text as texts
from ticket_triage.evaluation import (
    answered,
    circularity,
    confusions,
    deletion,
    fairness,
    metrics,
    slices,
    urgency,
)
from ticket_triage.files import TriageError
from ticket_triage.intervals import Figure
from ticket_triage.models import decision
from ticket_triage.schema import GOLD_PREFIX, PRIORITIES, Task

if TYPE_CHECKING:
    from ticket_triage.models.calibration import Guard, Sets, Threshold
    from ticket_triage.models.triage_model import TriageModel

__all__ = ["Evaluation", "Figure", "TaskEvaluation", "evaluate", "has_gold"]

MOST_FEATURES = 50  # kept of a model's tens of thousands
MOST_PAIRS = 6  # of labels that are confused
EXCERPT = 110  # characters of a ticket's masked text
# The half of validation that chose something must not judge it.
_CHOSE_THRESHOLDS, _CHOSE_SETS = "thresholds", "conformal"


@dataclass(frozen=True)
class TaskEvaluation:
    """One task's quality; the tables are as the functions of `answered`, `metrics` and `slices` give them."""

    answers: pd.DataFrame  # index: ticket_id
    labels: tuple[str, ...]  # in the order to show them
    figures: dict[str, Figure]
    classes: pd.DataFrame
    slices: pd.DataFrame
    fairness: pd.DataFrame
    confused: pd.DataFrame
    importance: pd.DataFrame  # feature, weight; strongest first
    threshold: "Threshold"
    sets: "Sets | None"
    guard: "Guard | None"
    members: pd.DataFrame  # family, weight, score (cross-validated macro-F1), gain
    circularity: "circularity.Circularity | None"  # None where no rule labelled any of the tickets
    deletion: "deletion.Deletion | None" = None  # None where it was not asked for, or no ticket qualifies

    @property
    def tickets(self) -> int:
        """How many tickets had gold for this task."""
        return len(self.answers)


@dataclass(frozen=True)
class Evaluation:
    """A model's quality on one set of tickets."""

    on: str
    tasks: dict[Task, TaskEvaluation]  # that the model answers and the tickets have gold for
    answers: tuple[Task, ...]  # all that the model answers
    keys: frozenset[str]  # text keys of the tickets
    labels: frozenset[str]  # categories of the model's taxonomy
    model: str  # hash of its folder
    settings: params.Evaluate
    info: Mapping[str, object]  # what the model was made of
    excerpts: Mapping[
        str, str
    ]  # beginnings of masked texts, by ticket id, of those that were answered wrongly

    def headline(self) -> dict[str, float]:
        """Every figure and its bounds, flat: `category.macro_f1`, `category.macro_f1_low`, ...

        One that cannot be computed is left out. Rounded to 6 digits, so that equal models give equal bytes on
        other machines too.
        """
        found: dict[str, float] = {}
        for task, part in self.tasks.items():
            found[f"{task}.tickets"] = part.tickets
            for name, figure in part.figures.items():
                for end, value in zip(("", "_low", "_high"), figure, strict=True):
                    if math.isfinite(value):
                        found[f"{task}.{name}{end}"] = round(value, 6)
        return found


def has_gold(tickets: pd.DataFrame, tasks: Sequence[Task]) -> "pd.Series[bool]":
    """Which rows of a split file have a gold label for any of the tasks."""
    return tickets.reindex(columns=[f"{GOLD_PREFIX}{task}" for task in tasks]).notna().any(axis=1)


def evaluate(
    model: "TriageModel",
    tickets: pd.DataFrame,
    hindsight: pd.DataFrame | None,
    settings: params.Evaluate,
    *,
    on: str = "validation",
    digest: str = "",
    weak: pd.DataFrame | None = None,
    excerpts: bool = False,
    reasons: bool = False,
) -> Evaluation:
    """Measure `model` on the tickets that have gold, task by task.

    Routing is not judged on tickets whose `half` is "thresholds", since they chose the thresholds, nor are prediction
    sets on those of the half "conformal".

    Args:
        tickets: a split file: the ticket table followed by gold columns.
        hindsight: who answered, to slice the report by.
        on: what the set of tickets is called in the report.
        digest: hash of the model's folder, by which two evaluations know that they are of one model.
        weak: weak labels by `ticket_id`, to be told beside gold, never in its place; tickets with rules' words are then
            answered once more without those.
        reasons: whether reasons are judged too, which takes some predictions for each of `settings.deletion` tickets.
        excerpts: whether the page may show how the wrongly answered tickets begin.

    Raises:
        TriageError: no ticket has gold for a task of the model.
    """
    rows = tickets[has_gold(tickets, model.tasks)]
    if rows.empty:
        raise TriageError(
            f"no ticket of {on} has a gold label for {' or '.join(model.tasks)}: give the source gold labels"
        )
    rows = rows.set_index("ticket_id", drop=False).rename_axis(None)
    given, probabilities = model.judged(rows)
    masked = None if weak is None else circularity.without_rules(model, rows)
    by = slices.dimensions(rows, hindsight)
    held = deletion.measure(model, rows, settings) if reasons else {}
    found: dict[Task, TaskEvaluation] = {}
    for task in model.tasks:
        column = f"{GOLD_PREFIX}{task}"
        if column not in rows or rows[column].isna().all():
            continue
        head = model.heads[task]
        second = f"{GOLD_PREFIX}second_{task}"
        answers = answered.table(
            rows[column],
            probabilities[task],
            second=rows.get(second),
            predicted=given[task],
            confidence=given[f"{task}_confidence"],
            auto=given["decision"] == "auto",
            judged=rows["half"] != _CHOSE_THRESHOLDS if "half" in rows else None,
            sets=given[f"{task}_set"].where(rows["half"] != _CHOSE_SETS)
            if "half" in rows
            else given[f"{task}_set"],
            sure=decision.sure(given["review_reasons"], task),
            urgency=probabilities[task].get(urgency.HIGH) if task == "priority" else None,
            keys=rows["text_key"],
        )
        labels = answered.labels(answers, PRIORITIES if task == "priority" else tuple(model.classes[task]))
        figures, classes = metrics.summary(
            answers, bootstrap=settings.bootstrap, confidence=settings.confidence, seed=settings.seed
        )
        figures["ece_floor"] = metrics.ece_floor(
            answers, bootstrap=settings.bootstrap, confidence=settings.confidence, seed=settings.seed
        )
        if answers["urgency"].notna().any():
            figures |= urgency.summary(
                answers,
                settings.recall_high,
                bootstrap=settings.bootstrap,
                confidence=settings.confidence,
                seed=settings.seed,
            )
        if task in held:
            figures["deletion_gain"] = held[task].gain
        found[task] = TaskEvaluation(
            answers=answers,
            labels=labels,
            figures=figures,
            classes=classes.set_index("label").loc[list(labels)].reset_index(),
            slices=slices.table(answers, by, settings),
            fairness=fairness.table(answers, by, settings),
            confused=confusions.pairs(answers, MOST_PAIRS),
            importance=model.importance(task).head(MOST_FEATURES).reset_index(drop=True),
            threshold=head.threshold,
            sets=head.sets,
            guard=head.guard,
            members=pd.DataFrame(
                [(voter.family, voter.weight, voter.score, voter.gain) for voter in head.voters],
                columns=["family", "weight", "score", "gain"],
            ),
            circularity=None
            if weak is None or masked is None
            else circularity.measure(
                answers, weak.set_index("ticket_id")[task], settings.confidence, masked[task]
            ),
            deletion=held.get(task),
        )
    return Evaluation(
        on=on,
        tasks=found,
        answers=model.tasks,
        keys=frozenset(rows["text_key"]),
        labels=frozenset(model.taxonomy.labels),
        model=digest,
        settings=settings,
        info=model.info,
        excerpts=_excerpts(rows, found.values()) if excerpts else {},
    )


def _excerpts(rows: pd.DataFrame, parts: Iterable[TaskEvaluation]) -> dict[str, str]:
    wrong = sorted({ticket for part in parts for ticket in confusions.mistakes(part.answers).index})
    masked = {ticket: texts.mask(text) for ticket, text in rows.loc[wrong, "text"].items()}
    return {ticket: f"{text[:EXCERPT]}…" if len(text) > EXCERPT else text for ticket, text in masked.items()}
