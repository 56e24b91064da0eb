"""What a member learns from: gold rows, and weakly labelled ones where they have weight."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import pandas as pd

from ticket_triage import features
from ticket_triage.params import Train
from ticket_triage.schema import GOLD_PREFIX, Task

Rows = TypeVar("Rows", pd.DataFrame, pd.Series)


@dataclass(frozen=True)
class Training:
    """What a member learns from.

    Attributes:
        features: gold rows, as `features.build` gives them, indexed by ticket id.
        labels: their gold labels.
        seconds: second labels that fit almost as well, missing where a row has none.
        groups: rows of one group are never on both sides of a fold.
        extra: weakly labelled rows of the same columns, added to the training side of every fold.
        extra_labels: their labels.
        taxonomy: the experts' file as text.
    """

    features: pd.DataFrame
    labels: pd.Series
    seconds: pd.Series
    groups: pd.Series
    extra: pd.DataFrame
    extra_labels: pd.Series
    taxonomy: str

    def rare(self, folds: int) -> "Training":
        """Without the classes that have fewer rows than folds, which cannot be validated."""
        counts = self.groups.groupby(self.labels).nunique()  # folds divide groups, not rows
        return self.only(counts.index[counts >= folds])

    def only(self, classes: Iterable[str]) -> "Training":
        """The rows that have a label of `classes`."""
        learnt = list(classes)
        keep, keep_extra = self.labels.isin(learnt), self.extra_labels.isin(learnt)
        return Training(
            self.features[keep],
            self.labels[keep],
            self.seconds[keep].where(self.seconds[keep].isin(learnt)),
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


@dataclass(frozen=True)
class Lesson:
    """What all tasks learn from, and the gold tickets that it is of, a split table."""

    learnt: dict[Task, Training]
    gold: pd.DataFrame

    @property
    def mood(self) -> "pd.Series[str]":
        """Gold sentiment by ticket id."""
        return self.gold.reindex(columns=["ticket_id", "gold_sentiment"]).set_index("ticket_id")[
            "gold_sentiment"
        ]


def everything(
    tasks: Iterable[Task],
    split: pd.DataFrame,
    known: pd.DataFrame,
    weak: pd.DataFrame,
    taxonomy: str,
    settings: Train,
    *,
    calendar: bool,
) -> Lesson:
    """What a refit learns from.

    Args:
        split: the parts of gold, with gold columns.
        known: features that were built already, with `ticket_id`; those of the rest of `split` are built here.
        weak, taxonomy: as `select` takes them.
    """
    fresh = split[~split["ticket_id"].isin(known["ticket_id"])]
    table = features.build(fresh, calendar=calendar)
    table.insert(0, "ticket_id", fresh["ticket_id"])
    table = pd.concat([known, table])
    return Lesson({task: select(task, table, split, weak, taxonomy, settings) for task in tasks}, split)


def select(
    task: Task,
    table: pd.DataFrame,
    split: pd.DataFrame,
    weak: pd.DataFrame | None,
    taxonomy: str,
    settings: Train,
) -> Training:
    """What a member of `task` learns from.

    Args:
        table: features of the tickets of `split` and of unlabelled ones, with `ticket_id`.
        split: the training part, with gold columns.
        weak: weak labels by `ticket_id`; used where `settings.weak_weight` is not 0. None: there are none.
        taxonomy: the experts' file as text.
    """
    rows = table.set_index("ticket_id")
    learnt = split.set_index("ticket_id")
    gold = _sample(learnt[learnt[f"{GOLD_PREFIX}{task}"].notna()], settings.max_rows, settings.seed)
    none = pd.Series(index=rows.index[:0], dtype="str")
    second = f"{GOLD_PREFIX}second_{task}"
    extra = none if weak is None else weak.set_index("ticket_id")[task].dropna()
    unlabelled = [name for name in extra.index if name in rows.index and name not in learnt.index]
    extra = extra.loc[unlabelled if settings.weak_weight else []]
    extra = _sample(extra, settings.max_rows - len(gold), settings.seed)
    return Training(
        features=rows.loc[gold.index],
        labels=gold[f"{GOLD_PREFIX}{task}"],
        seconds=gold[second] if second in gold else pd.Series(index=gold.index, dtype="str"),
        groups=gold["customer"].fillna(gold["text_key"]),
        extra=rows.loc[extra.index],
        extra_labels=extra,
        taxonomy=taxonomy,
    )


def _sample(rows: Rows, most: int, seed: int) -> Rows:
    return rows if len(rows) <= most else rows.sample(max(0, most), random_state=seed).sort_index()
