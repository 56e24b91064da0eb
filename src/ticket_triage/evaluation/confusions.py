"""Which labels are taken for each other, by which tickets, and what merging them would bring."""

import pandas as pd

from ticket_triage.evaluation import answered, metrics

EXAMPLES = 3
COLUMNS = (
    "one",
    "other",
    "one_as_other",
    "other_as_one",
    "share",
    "accuracy_gain",
    "macro_f1_gain",
    "examples",
)


def mistakes(answers: pd.DataFrame) -> pd.DataFrame:
    """The answers that are neither gold label, surest first.

    Returns:
        Columns key, actual, second, predicted, confidence, auto; indexed as `answers`.
    """
    wrong = answers[answered.right(answers)[1] == 0]
    kept: pd.DataFrame = wrong[["key", "actual", "second", "predicted", "confidence", "auto"]]
    return kept.sort_values(["confidence", "key"], ascending=[False, True], kind="stable")


def pairs(answers: pd.DataFrame, most: int) -> pd.DataFrame:
    """The pairs of labels that are confused most often, either way round.

    The gains are what accuracy (the first label) and macro-F1 would be more if both were one label and everything else
    stayed as it is; macro-F1 is then a mean over one class less.

    Returns:
        COLUMNS; `share` is of all mistakes, `examples` are keys of the surest ones, separated by spaces.
    """
    wrong = mistakes(answers)
    both = pd.Series(
        [tuple(sorted(two)) for two in zip(wrong["actual"], wrong["predicted"], strict=True)],
        wrong.index,
        dtype=object,
    )
    plain = _figures(answers)
    rows = []
    counts = both.value_counts()
    for one, other in sorted(counts.index, key=lambda two: (-counts[two], two))[:most]:
        here = wrong[[two == (one, other) for two in both]]
        merged = _figures(
            answers.assign(
                **{name: answers[name].replace(other, one) for name in ("actual", "second", "predicted")}
            )
        )
        rows.append(
            {
                "one": one,
                "other": other,
                "one_as_other": int((here["actual"] == one).sum()),
                "other_as_one": int((here["actual"] == other).sum()),
                "share": len(here) / len(wrong),
                "accuracy_gain": merged["accuracy"] - plain["accuracy"],
                "macro_f1_gain": merged["macro_f1"] - plain["macro_f1"],
                "examples": " ".join(here["key"].head(EXAMPLES)),
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _figures(answers: pd.DataFrame) -> dict[str, float]:
    found, _ = metrics.figures(answers)
    return {name: float(found[name][0]) for name in ("accuracy", "macro_f1")}
