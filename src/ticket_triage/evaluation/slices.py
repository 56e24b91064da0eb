"""The same figures for parts of the tickets: is it as good in every language, for every brand?"""

import pandas as pd

from ticket_triage import params
from ticket_triage.evaluation import metrics
from ticket_triage.sources import industries

TOP = 10  # slices of a dimension that are shown by name
OTHERS = "others"
UNKNOWN = "not known"
FIGURES = ("macro_f1", "accuracy", "accuracy_second", "ece", "auto_share", "auto_precision")
_LENGTHS = (("under 60", 60.0), ("60 to 119", 120.0), ("120 to 239", 240.0), ("240 and more", float("inf")))


def dimensions(tickets: pd.DataFrame, hindsight: pd.DataFrame | None = None) -> pd.DataFrame:
    """What each ticket may be sliced by, as far as the tables tell.

    Hindsight (who answered) is only known later: it may slice a report, never make a feature.

    Returns:
        Same index as `tickets`; columns language, brand, industry (of the brand), length (characters of the raw text),
        month (UTC), tier (of the customer), source, channel.
    """
    found = pd.DataFrame(index=tickets.index)
    if "gold_language" in tickets:
        found["language"] = tickets["gold_language"]
    if hindsight is not None and len(hindsight):
        brands = hindsight.drop_duplicates("ticket_id").set_index("ticket_id")["brand"]
        found["brand"] = tickets["ticket_id"].map(brands)
        found["industry"] = found["brand"].map(industries.by_brand())
    found["length"] = pd.cut(
        tickets["text"].str.len(),
        [-1.0, *(below - 0.5 for _, below in _LENGTHS)],
        labels=[name for name, _ in _LENGTHS],
    )
    if "created_at" in tickets:
        found["month"] = tickets["created_at"].dt.strftime("%Y-%m")
    for column in ("tier", "source", "channel"):
        if column in tickets:
            found[column] = tickets[column]
    return found.astype("object").where(found.notna(), UNKNOWN)


def table(answers: pd.DataFrame, by: pd.DataFrame, settings: params.Evaluate) -> pd.DataFrame:
    """The figures of every slice; dimensions in which all tickets are alike are left out.

    Slices with fewer than `settings.min_slice` tickets, and all after the ten largest, are pooled: "others".

    Args:
        answers: as `answered.table` gives them.
        by: as `dimensions` gives them, with a row for every answer.

    Returns:
        dimension, slice, tickets, and of each of FIGURES three columns: <name>, <name>_low, <name>_high.
    """
    rows = []
    for dimension in by.columns:
        names = pool(by.loc[answers.index, dimension], settings.min_slice)
        counts = names.value_counts()
        if len(counts) < 2:
            continue
        for name in sorted(counts.index, key=lambda name: _place(dimension, name, counts)):
            part = answers[names == name]
            found, _ = metrics.summary(
                part, bootstrap=settings.bootstrap, confidence=settings.confidence, seed=settings.seed
            )
            row: dict[str, object] = {"dimension": dimension, "slice": name, "tickets": len(part)}
            for figure in FIGURES:
                ends = ("", "_low", "_high")
                row |= {f"{figure}{end}": value for end, value in zip(ends, found[figure], strict=True)}
            rows.append(row)
    columns = [f"{figure}{end}" for figure in FIGURES for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["dimension", "slice", "tickets", *columns])


def pool(names: "pd.Series[str]", smallest: int) -> "pd.Series[str]":
    """The names, those with fewer than `smallest` tickets and all after the ten largest as "others"."""
    counts = names.value_counts()
    kept = sorted(counts[counts >= smallest].index, key=lambda name: (-counts[name], name))[:TOP]
    return names.where(names.isin(kept), OTHERS)


def _place(dimension: str, name: str, counts: "pd.Series[int]") -> tuple[object, ...]:
    # Bands and months in their own order, names by size, the rest last.
    own = [band for band, _ in _LENGTHS].index(name) if dimension == "length" and name != OTHERS else 0
    size = 0 if dimension in ("length", "month") else -int(counts[name])
    return name == OTHERS, name == UNKNOWN, own, size, name
