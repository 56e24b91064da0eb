"""How far two readers of the same tickets agree beyond chance."""

import warnings
from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from scipy import sparse
from sklearn.metrics import cohen_kappa_score

from ticket_triage.intervals import Figure, Floats, percentile, resamples
from ticket_triage.labeling import annotations
from ticket_triage.params import Evaluate
from ticket_triage.schema import PRIORITIES

PAIRS = 5
_ASKED = ("category", "priority", "sentiment")


@dataclass(frozen=True)
class Agreement:
    """Of one question: Cohen's kappa (1960) and, of priority, with quadratic weights (Cohen 1968).

    `confused` are the labels that stand against each other, the most frequent first; `either` is the share in which
    one of the two labels of each reader is the other's too, of category alone.
    """

    name: str
    tickets: int
    same: float
    either: float | None
    kappa: Figure
    quadratic: Figure | None
    confused: list[tuple[str, str, int]]


def readers(notes: pd.DataFrame, before: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What each annotator said without sight of a label, and what gold said before, indexed by text key."""
    blind = annotations.standing(notes[notes["how"].isin([*annotations.BLIND, annotations.WITHDRAWN])])
    found = {str(who): rows.set_index("text_key") for who, rows in blind.groupby("annotator")}
    return {annotations.GOLD: before.drop_duplicates("text_key").set_index("text_key"), **found}


def measure(one: pd.DataFrame, other: pd.DataFrame, settings: Evaluate) -> list[Agreement]:
    """How far two readers agree on the texts that both read; without those that have no label of one of them."""
    shared = one.index.intersection(other.index)
    found = []
    for name in _ASKED:
        pair = pd.DataFrame({"one": one.loc[shared, name], "other": other.loc[shared, name]}).dropna()
        if pair.empty:
            continue
        unequal = pair[pair["one"] != pair["other"]]
        pairs = Counter(tuple(sorted(labels)) for labels in unequal.itertuples(index=False, name=None))
        found.append(
            Agreement(
                name=name,
                tickets=len(pair),
                same=1 - len(unequal) / len(pair),
                either=_either(one.loc[pair.index], other.loc[pair.index]) if name == "category" else None,
                kappa=_kappa(pair, None, settings),
                quadratic=_kappa(pair, "quadratic", settings) if name == "priority" else None,
                confused=[(first, second, count) for (first, second), count in pairs.most_common(PAIRS)],
            )
        )
    return found


def _either(one: pd.DataFrame, other: pd.DataFrame) -> float:
    columns = ("category", "second_category")
    met = [(one[a] == other[b]).fillna(False) for a in columns for b in columns]
    return float(np.any(met, axis=0).mean())


def _kappa(pair: pd.DataFrame, weights: str | None, settings: Evaluate) -> Figure:
    labels = list(PRIORITIES) if weights else sorted({*pair["one"], *pair["other"]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of readers that use one label alone it is not defined: NaN
        value = float(cohen_kappa_score(pair["one"], pair["other"], labels=labels, weights=weights))
    cells = pd.Categorical(pair["one"], labels).codes.astype(np.int64) * len(labels)
    cells += pd.Categorical(pair["other"], labels).codes
    met = sparse.csr_matrix((np.ones(len(cells)), (range(len(cells)), cells)), (len(cells), len(labels) ** 2))
    draws = resamples(len(pair), settings.bootstrap, settings.seed)
    known = np.concatenate(
        [kappas((counts @ met).reshape(-1, len(labels), len(labels)), weights) for counts in draws]
    )
    return Figure(value, *percentile(known, settings.confidence))


def kappas(tables: Floats, weights: str | None) -> Floats:
    """Cohen's kappa of each of many tables of two readers' labels, as scikit-learn's of one; NaN where undefined.

    Args:
        tables: counts, shape (tables, labels, labels).
        weights: "quadratic" or None.
    """
    size = tables.shape[1]
    apart = np.subtract.outer(np.arange(size), np.arange(size)).astype(np.float64)
    cost = apart**2 if weights else (apart != 0).astype(np.float64)
    expected = tables.sum(axis=2)[:, :, None] * tables.sum(axis=1)[:, None, :]
    expected /= tables.sum(axis=(1, 2))[:, None, None]
    by_chance = (cost * expected).sum(axis=(1, 2))
    by_chance[by_chance == 0] = np.nan
    return np.asarray(1 - (cost * tables).sum(axis=(1, 2)) / by_chance)


def show(console: Console, found: dict[str, pd.DataFrame], settings: Evaluate) -> None:
    """Print the agreement of every two readers that share a ticket."""
    told = False
    for (first, one), (second, other) in combinations(found.items(), 2):
        measured = measure(one, other, settings)
        if not measured:
            continue
        told = True
        console.print(f"\n[bold]{first}[/] and [bold]{second}[/]")
        table = Table("", "tickets", "same label", "Cohen's kappa", "interval", box=None)
        for part in measured:
            table.add_row(part.name, str(part.tickets), f"{part.same:.1%}", *_said(part.kappa))
            if part.quadratic:
                table.add_row("  quadratic weights", "", "", *_said(part.quadratic))
            if part.either is not None:
                table.add_row("  second labels count", "", f"{part.either:.1%}", "", "")
        console.print(table)
        for part in measured:
            confused = ", ".join(f"{a} / {b} ({count})" for a, b, count in part.confused)
            console.print(f"[dim]{part.name}, most confused: {confused or 'nothing'}[/]", highlight=False)
    if not told:
        console.print("No ticket has two readings yet: `ticket-triage annotate --again --annotator NAME`.")


def _said(figure: Figure) -> tuple[str, str]:
    if not np.isfinite(figure.value):
        return "–", "not defined: one label alone"
    return f"{figure.value:.3f}", f"{figure.low:.3f} to {figure.high:.3f}"
