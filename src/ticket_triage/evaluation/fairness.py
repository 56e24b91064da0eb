"""Is it alike for all: the fairlearn room, and how far apart groups would be by chance alone."""

import math
import warnings

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame, selection_rate
from sklearn.metrics import zero_one_loss

from ticket_triage import params
from ticket_triage.evaluation import answered, slices
from ticket_triage.intervals import Floats, share

DIMENSIONS = ("language", "brand", "tier")
COLUMNS = (
    "dimension",
    "rate",
    "groups",
    "tickets",
    "lowest",
    "lowest_tickets",
    "lowest_rate",
    "highest",
    "highest_tickets",
    "highest_rate",
    "difference",
    "difference_low",
    "difference_high",
    "ratio",
    "chance",
)


def table(answers: pd.DataFrame, by: pd.DataFrame, settings: params.Evaluate) -> pd.DataFrame:
    """How far the groups of a dimension are apart in what is routed (selection) and in what is wrong (error).

    Of groups with `settings.min_slice` tickets, the ten largest; those whose group is not known are left out. Routing
    is of judged tickets; an answer is wrong where it is neither gold label. The greatest of many rates less the least
    of them is never 0, however fair a model is: `chance` is the difference that groups of these sizes would stay below
    in the share `confidence` of cases if the group made no difference (tickets permuted).

    Args:
        answers: as `answered.table` gives them.
        by: as `slices.dimensions` gives them.

    Returns:
        COLUMNS; a row for each dimension and rate (`routed`, `wrong`) with at least two groups. The interval is of the
        difference between the two groups that are named (Newcombe 1998, method 10), as if nobody had looked which they
        are; a bootstrap of the greatest difference would lie above it.
    """
    flags = {
        "routed": answers["auto"].astype(np.float64)[answers["judged"]],
        "wrong": pd.Series(1.0 - answered.right(answers)[1], answers.index, name="wrong"),
    }
    rows = []
    for dimension in (name for name in DIMENSIONS if name in by):
        for rate, flag in flags.items():
            groups = slices.pool(by.loc[flag.index, dimension], settings.min_slice)
            kept = ~groups.isin([slices.OTHERS, slices.UNKNOWN])
            if len(groups[kept].unique()) > 1:
                rows.append(
                    {"dimension": dimension, "rate": rate, **_row(flag[kept], groups[kept], settings)}
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(flag: "pd.Series[float]", groups: "pd.Series[str]", settings: params.Evaluate) -> dict[str, object]:
    frame = _frame(flag, groups)
    rates, sizes = frame.by_group["rate"], groups.value_counts()
    lowest, highest = str(rates.idxmin()), str(rates.idxmax())
    names = list(rates.index)
    member = np.eye(len(names))[pd.Index(names).get_indexer(pd.Index(groups))]
    values: Floats = np.asarray(flag, dtype=np.float64)
    bottom, top = (
        share(int(flag[groups == name].sum()), int(sizes[name]), settings.confidence)
        for name in (lowest, highest)
    )
    gap = top.value - bottom.value
    return {
        "groups": len(names),
        "tickets": len(values),
        "lowest": lowest,
        "lowest_tickets": int(sizes[lowest]),
        "lowest_rate": float(rates[lowest]),
        "highest": highest,
        "highest_tickets": int(sizes[highest]),
        "highest_rate": float(rates[highest]),
        "difference": float(frame.difference()["rate"]),
        "difference_low": gap - math.hypot(top.value - top.low, bottom.high - bottom.value),
        "difference_high": gap + math.hypot(top.high - top.value, bottom.value - bottom.low),
        "ratio": float(frame.ratio()["rate"]),
        "chance": _chance(values, member, settings),
    }


def _frame(flag: "pd.Series[float]", groups: "pd.Series[str]") -> MetricFrame:
    """fairlearn's frame of one rate: a selection rate, or an error rate where wrong answers are what is counted."""
    given = flag.astype(int).to_numpy()
    metric = zero_one_loss if flag.name == "wrong" else selection_rate
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MetricFrame(
            metrics={"rate": metric},
            y_true=np.zeros(len(given), dtype=int),
            y_pred=given,
            sensitive_features=groups.to_numpy(),
        )


def _chance(values: Floats, member: Floats, settings: params.Evaluate) -> float:
    generator = np.random.default_rng(settings.seed)
    shuffled = generator.permuted(np.tile(values, (settings.bootstrap, 1)), axis=1)
    rates = shuffled @ member / member.sum(axis=0)
    return float(np.quantile(rates.max(axis=1) - rates.min(axis=1), settings.confidence))
