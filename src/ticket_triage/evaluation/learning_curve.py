"""What more labels would bring: quality at fractions of the labels that there are, carried on by a power law."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from ticket_triage import features
from ticket_triage.intervals import Figure, Floats, percentile, resamples
from ticket_triage.models import blueprint
from ticket_triage.params import Forecast, Text

_STEEPNESS = np.linspace(0.1, 1.5, 29)  # of the power law


@dataclass(frozen=True)
class Curve:
    """Macro-F1 of a plain linear model against the number of labels it learnt from.

    Attributes:
        rows: labels that there are to learn from.
        points: `rows`, `value`, `low`, `high` at each fraction, cross-fitted.
        law: a, b and c of a - b * rows ** -c.
        now: what the law says of all rows; more than any point had, since each left a fold out.
        more: so many labels added,
        gain: and what they would bring.
        classes: `label`, `rows`, `f1`, `low`, `high` at the largest fraction.
    """

    rows: int
    points: pd.DataFrame
    law: tuple[float, float, float]
    now: Figure
    more: int
    gain: Figure
    classes: pd.DataFrame


def measure(
    table: pd.DataFrame, labels: "pd.Series[str]", groups: "pd.Series[str]", text: Text, settings: Forecast
) -> Curve:
    """Learn from growing parts of the labels, each time judged on tickets that were not learnt from.

    Cross-fitted `settings.draws` times, each with folds of its own: of a fold's other rows nested samples of each size
    are learnt from. Intervals are from resamples of the judged tickets and of the draws, all sizes in the same ones,
    and from how far the law misses the points. Source of the law and its use: Figueroa et al., Predicting sample size
    required for classification performance, BMC Medical Informatics and Decision Making 12:8, 2012; that it fits most
    curves: Viering and Loog, The Shape of Learning Curves: a Review, 2022, section 3.

    Args:
        table: features, of which the text is read.
        labels: of at least two kinds, each in at least `settings.folds` groups.
        groups: rows of one group are never on both sides of a fold.
    """
    every = len(labels)
    if every > settings.max_rows:
        keep = labels.sample(settings.max_rows, random_state=settings.seed).index.sort_values()
        kept = groups[keep].groupby(labels[keep]).nunique() >= settings.folds
        keep = keep[labels[keep].isin(kept.index[kept])]
        table, labels, groups = table.loc[keep], labels.loc[keep], groups.loc[keep]
    names = sorted(labels.unique())
    truth = labels.map({label: number for number, label in enumerate(names)}).to_numpy(dtype=np.int64)
    guesses, sizes = _guesses(table, truth, groups.to_numpy(), text, settings)
    cells = [[truth * len(names) + guess for guess in of_size] for of_size in guesses]
    value = np.array([np.mean([_f1(_tables(c, len(names))).mean() for c in of_size]) for of_size in cells])
    # Which samples were drawn is chance as well as which tickets judge: both are drawn anew.
    generator, drawn, by_class = np.random.default_rng(settings.seed), [], []
    for counts in resamples(len(truth), settings.bootstrap, settings.seed):
        f1 = np.stack([[_f1(_tables(c, len(names), counts)) for c in of_size] for of_size in cells])
        shares = generator.multinomial(settings.draws, [1 / settings.draws] * settings.draws, len(counts))
        drawn.append(np.einsum("sdbk,bd->bs", f1, shares / settings.draws) / len(names))
        by_class.append(np.einsum("dbk,bd->bk", f1[-1], shares / settings.draws))
    resampled = np.concatenate(drawn)
    own = _fit(sizes, value[None])
    # That the law does not hold exactly is doubt, too: what it misses by, with signs by chance (Wu 1986).
    missed = (value - (own[0] - own[1] * sizes ** -own[2])) * np.sqrt(len(sizes) / (len(sizes) - 3))
    each = _fit(sizes, resampled + missed * generator.choice([-1, 1], resampled.shape))
    ahead = every + settings.more
    return Curve(
        rows=every,
        points=_bounded({"rows": sizes.round().astype(int), "value": value}, resampled, settings),
        law=(float(own[0][0]), float(own[1][0]), float(own[2][0])),
        now=_figure(_at(own, every), _at(each, every), settings),
        more=settings.more,
        gain=_figure(_at(own, ahead) - _at(own, every), _at(each, ahead) - _at(each, every), settings),
        classes=_bounded(
            {
                "label": names,
                "rows": np.bincount(truth, minlength=len(names)),
                "f1": np.mean([_f1(_tables(c, len(names)))[0] for c in cells[-1]], axis=0),
            },
            np.concatenate(by_class),
            settings,
        ),
    )


def _guesses(
    table: pd.DataFrame, truth: np.ndarray, groups: np.ndarray, text: Text, settings: Forecast
) -> tuple[list[list[np.ndarray]], Floats]:
    """For each fraction and draw the class that each row is given out of fold, and the mean number of rows learnt."""
    shares = sorted(settings.fractions)
    found = [[np.zeros(len(truth), np.int64) for _ in range(settings.draws)] for _ in shares]
    learnt = np.zeros((settings.draws, settings.folds, len(shares)))
    for draw in range(settings.draws):
        folds = StratifiedGroupKFold(settings.folds, shuffle=True, random_state=settings.seed + draw)
        for fold, (rows, held_out) in enumerate(folds.split(truth, truth, groups)):
            # What words there are needs no label, so it is the same at every fraction.
            words = blueprint.make(settings.blocks, text, list(table.columns), settings.seed, "")
            known, unseen = words.fit_transform(table.iloc[rows]), words.transform(table.iloc[held_out])
            order = np.random.default_rng([settings.seed, draw, fold]).permutation(len(rows))
            for place, share in enumerate(shares):
                some = np.sort(order[: max(1, round(share * len(rows)))])
                learnt[draw, fold, place] = len(some)
                found[place][draw][held_out] = _predict(known[some], truth[rows[some]], unseen, settings)
    return found, learnt.mean(axis=(0, 1))


def _predict(known: Any, truth: np.ndarray, unseen: Any, settings: Forecast) -> np.ndarray:
    if len(set(truth)) == 1:
        return np.full(unseen.shape[0], truth[0])
    model = LogisticRegression(
        C=settings.C, solver="saga", max_iter=settings.max_iter, tol=0.01, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # `max_iter` is a param
        return np.asarray(model.fit(known, truth).predict(unseen))


def _tables(cells: np.ndarray, classes: int, counts: "Floats | None" = None) -> Floats:
    """Confusion tables, shape (resamples, classes, classes), true labels down; without `counts` the one of all rows."""
    if counts is None:
        counts = np.ones((1, len(cells)))
    met = sparse.csr_matrix((np.ones(len(cells)), (np.arange(len(cells)), cells)), (len(cells), classes**2))
    return np.asarray(counts @ met).reshape(-1, classes, classes)


def _f1(tables: Floats) -> Floats:
    """F1 of each class, shape (tables, classes); 0 where a class is neither there nor answered."""
    hits = np.diagonal(tables, axis1=1, axis2=2)
    return np.asarray(2 * hits / np.maximum(tables.sum(axis=1) + tables.sum(axis=2), 1))


def _fit(sizes: Floats, values: Floats) -> tuple[Floats, Floats, Floats]:
    """a, b and c of the law with the least squares, for each row of `values`; b is never below 0, a never above 1.

    For a given c the law is linear, so c alone is searched.
    """
    best = np.full(len(values), np.inf)
    found = np.zeros((3, len(values)))
    for c in _STEEPNESS:
        x = -(sizes**-c)
        apart = x - x.mean()
        b = np.maximum(0.0, (values - values.mean(axis=1, keepdims=True)) @ apart / (apart @ apart))
        a = values.mean(axis=1) - b * x.mean()
        b = np.where(a > 1, np.maximum(0.0, (values - 1) @ x / (x @ x)), b)
        a = np.minimum(a, 1.0)
        off = ((values - a[:, None] - b[:, None] * x) ** 2).sum(axis=1)
        found = np.where(off < best, np.stack([a, b, np.full(len(values), c)]), found)
        best = np.minimum(off, best)
    return found[0], found[1], found[2]


def _at(law: tuple[Floats, Floats, Floats], rows: int) -> Floats:
    a, b, c = law
    return a - b * float(rows) ** -c


def _figure(value: Floats, drawn: Floats, settings: Forecast) -> Figure:
    return Figure(float(value[0]), *percentile(drawn, settings.confidence))


def _bounded(
    columns: "dict[str, Sequence[Any] | np.ndarray]", drawn: Floats, settings: Forecast
) -> pd.DataFrame:
    bounds = np.array([percentile(drawn[:, at], settings.confidence) for at in range(drawn.shape[1])])
    return pd.DataFrame({**columns, "low": bounds[:, 0], "high": bounds[:, 1]})


def of_task(
    table: pd.DataFrame, train: pd.DataFrame, task: str, text: Text, settings: Forecast, min_gold: int
) -> Curve | None:
    """The curve of a task on the training part, or None where its gold is too little to learn from at all.

    Args:
        table: features of `train`, in its order.
        train: the training part, with gold columns.
    """
    gold = train[f"gold_{task}"].reset_index(drop=True)
    groups = train["customer"].fillna(train["text_key"]).reset_index(drop=True)
    common = groups.groupby(gold).nunique() >= settings.folds
    keep = gold.isin(common.index[common])
    if keep.sum() < min_gold or common.sum() < 2:
        return None
    rows = table[[features.TEXT]].reset_index(drop=True)
    return measure(rows[keep], gold[keep], groups[keep], text, settings)
