"""How good one task's answers are against gold, every figure with a bootstrap interval."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from ticket_triage.evaluation.answered import confusion, labels, right
from ticket_triage.intervals import Figure, Floats, percentile, resamples, wilson

BINS = 15  # of confidence, as in Guo et al. 2017


def figures(table: pd.DataFrame, weights: Floats | None = None) -> tuple[dict[str, Floats], Floats]:
    """Every headline figure and every class's F1, once for each row of `weights`.

    Macro-F1 is over the classes that gold has; `ece` is the expected calibration error over 15 bins of equal
    width (Naeini et al. 2015; Guo et al. 2017), `aurc` the area under the risk-coverage curve (Geifman et al.
    2019). Those that begin with `auto` (routed, so both tasks were sure) and `sure` (this task was) are over judged
    tickets; `auto_precision` and `sure_precision` count the second label too.

    `set_coverage` and `set_size` are over the tickets whose sets may be reported on, and left out if none may.

    Args:
        table: as `answered.table` gives it.
        weights: resamples × rows; once 1 for each row if not given.

    Returns:
        Name -> array of resamples; and F1, resamples × `labels(table)`, NaN where gold has none of the class.
    """
    weights = np.ones((1, len(table))) if weights is None else weights
    names = pd.Index(labels(table))
    actual = _one_hot(names.get_indexer(pd.Index(table["actual"])), len(names))
    predicted = _one_hot(names.get_indexer(pd.Index(table["predicted"])), len(names))
    correct, acceptable = right(table)
    confidence = table["confidence"].to_numpy()
    judged = table["judged"].to_numpy(np.float64)
    auto = table["auto"].to_numpy() * judged
    sure = table["sure"].to_numpy() * judged
    per_row = [
        correct,
        acceptable,
        table["loss"],
        confidence,
        judged,
        auto,
        auto * acceptable,
        auto * correct,
        table["covered"].notna(),
        table["covered"].fillna(0.0),
        table["among"].fillna(0.0),
        sure,
        sure * acceptable,
        sure * correct,
    ]
    gaps = _one_hot(_bins(confidence), BINS) * (correct - confidence)[:, None]
    sums = weights @ np.hstack([np.column_stack(per_row), gaps, actual * predicted, actual, predicted])
    plain, gap, hit, support, given = np.split(
        sums, np.cumsum([len(per_row), BINS, *[len(names)] * 2]), axis=1
    )
    total = weights.sum(axis=1)
    f1 = ratio(2 * hit, np.where(support > 0, support + given, 0))
    sets = {"set_coverage": ratio(plain[:, 9], plain[:, 8]), "set_size": ratio(plain[:, 10], plain[:, 8])}
    return {
        "macro_f1": ratio(np.nansum(f1, axis=1), (support > 0).sum(axis=1)),
        "accuracy": ratio(plain[:, 0], total),
        "accuracy_second": ratio(plain[:, 1], total),
        "ece": ratio(np.abs(gap).sum(axis=1), total),
        "aurc": _aurc(correct, confidence, weights),
        "log_loss": ratio(plain[:, 2], total),
        "mean_confidence": ratio(plain[:, 3], total),
        "auto_share": ratio(plain[:, 5], plain[:, 4]),
        "auto_precision": ratio(plain[:, 6], plain[:, 5]),
        "auto_precision_strict": ratio(plain[:, 7], plain[:, 5]),
        "sure_share": ratio(plain[:, 11], plain[:, 4]),
        "sure_precision": ratio(plain[:, 12], plain[:, 11]),
        "sure_precision_strict": ratio(plain[:, 13], plain[:, 11]),
        **(sets if table["covered"].notna().any() else {}),
    }, f1


def summary(
    table: pd.DataFrame, *, bootstrap: int, confidence: float, seed: int
) -> tuple[dict[str, Figure], pd.DataFrame]:
    """The headline figures with percentile bootstrap intervals, and the table of classes.

    The precision of what is routed has Wilson's interval instead: a share this close to 1 is
    the same in most resamples, and the bootstrap would call it certain. Draws of the calibration error
    are first moved onto its value: a sum of distances only ever counts up the noise that resampling adds.

    Returns:
        Name -> figure; and a row for each of `labels(table)`: label, precision (NaN if never answered),
        recall and f1 (NaN if gold has none), f1_low, f1_high, support, predicted (counts).
    """
    values, f1 = figures(table)
    drawn = [figures(table, weights) for weights in resamples(len(table), bootstrap, seed)]
    draws = {name: np.concatenate([part[name] for part, _ in drawn]) for name in values}
    draws["ece"] = np.maximum(draws["ece"] - draws["ece"].mean() + values["ece"][0], 0)
    intervals = {
        name: Figure(float(value[0]), *percentile(draws[name], confidence)) for name, value in values.items()
    }
    for which in ("auto", "sure"):
        routed = table[table[which] & table["judged"]]
        for ending, hits in zip(("_strict", ""), right(routed), strict=True):
            name, bounds = f"{which}_precision{ending}", wilson(int(hits.sum()), len(routed), confidence)
            intervals[name] = Figure(intervals[name].value, *bounds)
    f1_drawn = np.concatenate([part for _, part in drawn])
    matrix = confusion(table)
    hit, support, given = np.diag(matrix), matrix.sum(axis=1).to_numpy(), matrix.sum(axis=0).to_numpy()
    spans = [percentile(column, confidence) for column in f1_drawn.T]
    return intervals, pd.DataFrame(
        {
            "label": list(matrix.index),
            "precision": ratio(hit, given),
            "recall": ratio(hit, support),
            "f1": f1[0],
            "f1_low": [low for low, _ in spans],
            "f1_high": [high for _, high in spans],
            "support": support,
            "predicted": given,
        }
    )


def ece_floor(table: pd.DataFrame, *, bootstrap: int, confidence: float, seed: int) -> Figure:
    """The calibration error that these tickets would show if each were right exactly as often as its confidence says:
    the mean of `bootstrap` drawn truths and their central `confidence`."""
    sure = table["confidence"].to_numpy()
    drawn = np.random.default_rng(seed).random((bootstrap, len(sure))) < sure
    gaps = np.abs((drawn - sure) @ _one_hot(_bins(sure), BINS)).sum(axis=1) / max(1, len(sure))
    return Figure(float(gaps.mean()), *percentile(gaps, confidence))


def reliability(table: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Accuracy in each bin of confidence that has tickets, with Wilson's interval.

    Returns:
        above, to, tickets, confidence (their mean), accuracy, low, high.
    """
    rows = pd.DataFrame(
        {
            "bin": _bins(table["confidence"].to_numpy()),
            "confidence": table["confidence"].to_numpy(),
            "correct": right(table)[0],
        }
    )
    means = rows.groupby("bin").agg(
        tickets=("correct", "size"),
        confidence=("confidence", "mean"),
        accuracy=("correct", "mean"),
        hits=("correct", "sum"),
    )
    spans = [
        wilson(int(hits), int(tickets), confidence)
        for hits, tickets in zip(means["hits"], means["tickets"], strict=True)
    ]
    means["low"], means["high"] = [low for low, _ in spans], [high for _, high in spans]
    bounds = pd.DataFrame({"above": means.index / BINS, "to": (means.index + 1) / BINS}, index=means.index)
    return bounds.join(means.drop(columns="hits")).reset_index(drop=True)


def risk_coverage(table: pd.DataFrame) -> pd.DataFrame:
    """The share of wrong answers among the surest ones: a row per distinct confidence, from the highest down.

    Returns:
        threshold (answers at least this sure are kept), coverage (share kept), risk (share of those wrong).
    """
    correct, _ = right(table)
    rows = pd.DataFrame({"threshold": table["confidence"].to_numpy(), "wrong": 1 - correct, "kept": 1.0})
    kept = rows.groupby("threshold").sum().sort_index(ascending=False).cumsum().reset_index()
    return pd.DataFrame(
        {
            "threshold": kept["threshold"],
            "coverage": kept["kept"] / len(table),
            "risk": kept["wrong"] / kept["kept"],
        }
    )


def ratio(part: Floats, whole: Floats) -> Floats:
    """`part / whole`, element by element, NaN where there is nothing of the whole."""
    shares: Floats = np.full(np.shape(part), np.nan)
    np.divide(part, whole, out=shares, where=np.asarray(whole) > 0)
    return shares


def _bins(confidence: Floats) -> npt.NDArray[np.intp]:
    return np.clip(np.ceil(confidence * BINS).astype(np.intp) - 1, 0, BINS - 1)


def _one_hot(codes: npt.NDArray[np.intp], width: int) -> Floats:
    return np.eye(width)[codes]


def _aurc(correct: Floats, confidence: Floats, weights: Floats) -> Floats:
    # The mean over tickets of the risk among those at least as sure; equally sure ones are kept together.
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    last = np.searchsorted(-ranked, -ranked, side="right") - 1
    ranked_weights = weights[:, order]
    kept = np.cumsum(ranked_weights, axis=1)
    wrong = np.cumsum(ranked_weights * (1 - correct[order]), axis=1)
    risk = ratio(wrong, kept)[:, last]
    return ratio(np.nansum(ranked_weights * risk, axis=1), kept[:, -1])
