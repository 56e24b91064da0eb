"""How well the urgent label is found: the figures that a mean over classes hides."""

import numpy as np
import pandas as pd

from ticket_triage.evaluation import metrics
from ticket_triage.intervals import Figure, Floats, percentile, resamples, share
from ticket_triage.schema import PRIORITIES

LOW, HIGH = PRIORITIES[0], PRIORITIES[-1]


def figures(table: pd.DataFrame, recall: float, weights: Floats | None = None) -> dict[str, Floats]:
    """Of priority, once for each row of `weights`.

    `recall_high` and `precision_high` are those of the answers; `precision_at_recall` is what the precision would be
    if the most urgent looking tickets were called high until the share `recall` of gold `high` is found; `missed_high`
    is the share of gold `high` that was answered `low`.

    Args:
        table: as `answered.table` gives it, with `urgency`.
        weights: resamples × rows; once 1 for each row if not given.
    """
    weights = np.ones((1, len(table))) if weights is None else weights
    gold, called, low = (
        (table[column] == label).to_numpy().astype(np.float64)
        for column, label in (("actual", HIGH), ("predicted", HIGH), ("predicted", LOW))
    )
    support, given, hits, missed = (weights @ np.column_stack([gold, called, gold * called, gold * low])).T
    return {
        "recall_high": metrics.ratio(hits, support),
        "precision_high": metrics.ratio(hits, given),
        "precision_at_recall": _precision_at(gold, table["urgency"].to_numpy(), weights, recall),
        "missed_high": metrics.ratio(missed, support),
    }


def summary(
    table: pd.DataFrame, recall: float, *, bootstrap: int, confidence: float, seed: int
) -> dict[str, Figure]:
    """The same with intervals: Wilson's for shares of counted tickets, else of the bootstrap."""
    values = figures(table, recall)
    drawn = [figures(table, recall, weights) for weights in resamples(len(table), bootstrap, seed)]
    found = {
        name: Figure(float(value[0]), *percentile(np.concatenate([part[name] for part in drawn]), confidence))
        for name, value in values.items()
    }
    gold, called = table["actual"] == HIGH, table["predicted"] == HIGH
    hits, missed = int((gold & called).sum()), int((gold & (table["predicted"] == LOW)).sum())
    return found | {
        "recall_high": share(hits, int(gold.sum()), confidence),
        "precision_high": share(hits, int(called.sum()), confidence),
        "missed_high": share(missed, int(gold.sum()), confidence),
    }


def _precision_at(gold: Floats, urgency: Floats, weights: Floats, recall: float) -> Floats:
    order = np.argsort(-urgency, kind="stable")
    drawn = weights[:, order]
    found, called = np.cumsum(drawn * gold[order], axis=1), np.cumsum(drawn, axis=1)
    enough = found >= recall * found[:, -1:] - 1e-9
    first = enough.argmax(axis=1)
    # Equally urgent ones are called together.
    ranked = urgency[order]
    last = np.searchsorted(-ranked, -ranked, side="right") - 1
    rows = np.arange(len(weights))
    precision = metrics.ratio(found[rows, last[first]], called[rows, last[first]])
    return np.where(found[:, -1] > 0, precision, np.nan)
