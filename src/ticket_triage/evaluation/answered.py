"""Gold and a model's answers side by side: the table from which every figure of one task starts."""

from typing import Any

import numpy as np
import pandas as pd

from ticket_triage.intervals import Floats


def table(
    gold: "pd.Series[str]",
    probabilities: pd.DataFrame,
    *,
    second: "pd.Series[str] | None" = None,
    predicted: "pd.Series[str] | None" = None,
    confidence: "pd.Series[float] | None" = None,
    auto: "pd.Series[bool] | None" = None,
    judged: "pd.Series[bool] | None" = None,
    sets: "pd.Series[Any] | None" = None,
    sure: "pd.Series[bool] | None" = None,
    urgency: "pd.Series[float] | None" = None,
    keys: "pd.Series[str] | None" = None,
) -> pd.DataFrame:
    """Put gold and a model's answers side by side, a row per ticket that has gold.

    Args:
        gold: labels, missing where there is none; labels that the model does not know are allowed.
        probabilities: same index, one column per class that the model knows; rows sum to 1.
        second: a second label that is acceptable too.
        predicted, confidence: the model's answer; the most probable class if not given.
        auto: whether the ticket was routed without a person; none if not given.
        judged: whether the routing of this ticket may be reported on; all if not given.
        sets: lists of labels that may be right, missing where the set of this ticket may not be reported on.
        sure: whether this task alone would have let the ticket be routed; as `auto` if not given.
        urgency: the probability of the urgent label, where the task has one.
        keys: text keys, by which a report names tickets.

    Returns:
        Columns actual, second, predicted (str), confidence, loss (negative log-probability of gold, in nats,
        probabilities clipped as scikit-learn does), auto, judged (bool), covered (whether the set holds the gold
        label) and among (labels in the set), both missing where there is no set; sure (bool), urgency and key.
    """
    here = gold.notna()
    rows = gold.index[here]
    proba = probabilities.loc[rows]
    actual = gold[here].astype("object")
    columns = proba.columns.get_indexer(pd.Index(actual))
    own = np.where(columns >= 0, proba.to_numpy(np.float64)[np.arange(len(rows)), columns], 0.0)
    among = [None] * len(rows) if sets is None else sets[here].tolist()
    sure = auto if sure is None else sure
    tiny = np.finfo(np.float64).eps
    return pd.DataFrame(
        {
            "actual": actual,
            "second": None if second is None else second[here].astype("object").where(second.notna(), None),
            "predicted": (proba.idxmax(axis=1) if predicted is None else predicted[here]).astype("object"),
            "confidence": (proba.max(axis=1) if confidence is None else confidence[here]).astype(np.float64),
            "loss": -np.log(np.clip(own, tiny, 1 - tiny)),
            "auto": False if auto is None else auto[here].astype(bool),
            "judged": True if judged is None else judged[here].astype(bool),
            "covered": [
                float(label in listed) if isinstance(listed, list) else np.nan
                for label, listed in zip(actual, among, strict=True)
            ],
            "among": [float(len(listed)) if isinstance(listed, list) else np.nan for listed in among],
            "sure": False if sure is None else sure[here].astype(bool),
            "urgency": np.nan if urgency is None else urgency[here].astype(np.float64),
            "key": "" if keys is None else keys[here].astype("object"),
        },
        index=rows,
    )


def labels(table: pd.DataFrame, order: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Every label of gold or answers: those of `order` first, in its order, the others sorted."""
    seen = set(table["actual"]) | set(table["predicted"])
    return (*(label for label in order if label in seen), *sorted(seen - set(order)))


def right(table: pd.DataFrame) -> tuple[Floats, Floats]:
    """Whether each answer is the first gold label, and whether it is the first or the second: 1 or 0."""
    first = (table["predicted"] == table["actual"]).to_numpy()
    either = first | (table["predicted"] == table["second"]).to_numpy()
    return first.astype(np.float64), either.astype(np.float64)


def confusion(table: pd.DataFrame, order: tuple[str, ...] = ()) -> pd.DataFrame:
    """Counts of tickets, gold labels down, answers across, both in the order of `labels(table, order)`."""
    names = pd.Index(labels(table, order))
    actual, predicted = (names.get_indexer(pd.Index(table[column])) for column in ("actual", "predicted"))
    counts = np.bincount(actual * len(names) + predicted, minlength=len(names) ** 2)
    return pd.DataFrame(counts.reshape(len(names), len(names)), index=names, columns=names)
