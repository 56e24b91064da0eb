"""Drift between two tables of observations: the only module that knows Evidently.

Evidently draws the report; its methods are the two of `monitoring.distance`, registered with it, since its
own distances grow as the samples shrink.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.legacy.calculations.stattests import StatTest, register_stattest
from evidently.legacy.core import ColumnType
from evidently.legacy.tests.base_test import TestStatus
from evidently.presets import DataDriftPreset
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from ticket_triage import params
from ticket_triage.files import TriageError
from ticket_triage.monitoring.distance import jensen_shannon, wasserstein
from ticket_triage.schema import TASKS

MISSING = "(missing)"
NUMERIC_METHOD, CATEGORICAL_METHOD = "wasserstein_less_noise", "jensen_shannon_less_noise"
COLUMNS = ("column", "kind", "method", "distance", "threshold", "drifted")


@dataclass(frozen=True)
class DriftReport:
    """The verdict, what it rests on, and a page that opens offline.

    `columns` has COLUMNS, a row for each compared one, the furthest apart first; `share` of them drifted.
    """

    verdict: Literal["ok", "drift"]
    columns: pd.DataFrame
    share: float
    html: str
    summary: dict[str, Any]


def compare(
    reference: pd.DataFrame, current: pd.DataFrame, settings: params.Drift, window: str = ""
) -> DriftReport:
    """Compare observations, such as `TriageModel.observe` makes, with those of the champion's reference.

    Numbers are compared where they are known, by Wasserstein distance in standard deviations; other columns
    by Jensen-Shannon distance, a missing value being a category. A column that is empty on both sides is left
    out, one that is empty on one side has drifted. The verdict is drift if the share of drifted columns is
    `settings.share` or more, or if a predicted label alone is as far as `settings.prediction`. `window` says in
    words which tickets the current ones are.

    Raises:
        TriageError: a table is empty, or the current one lacks a column of the reference.
    """
    before, now, numeric = _prepare(reference, current)
    definition = DataDefinition(
        numerical_columns=numeric, categorical_columns=[name for name in before if name not in numeric]
    )
    preset = DataDriftPreset(
        columns=list(before),
        num_method=NUMERIC_METHOD,
        cat_method=CATEGORICAL_METHOD,
        num_threshold=settings.numeric,
        cat_threshold=settings.categorical,
        drift_share=settings.share,
    )
    with np.errstate(invalid="ignore", divide="ignore"):  # it correlates constant columns, too
        run = Report([preset], include_tests=True).run(
            Dataset.from_pandas(now, definition), Dataset.from_pandas(before, definition)
        )
    columns = _columns(run)
    drifted = columns[columns["drifted"]]
    far = drifted.loc[drifted["distance"] >= settings.prediction, "column"]
    labels = [task for task in TASKS if task in set(far)]
    share = len(drifted) / len(columns)
    verdict: Literal["ok", "drift"] = "drift" if share >= settings.share or labels else "ok"
    summary = {
        "verdict": verdict,
        "share": round(share, 4),
        "drifted": len(drifted),
        "columns": len(columns),
        "drifted_predictions": labels,
        "window": window,
        "rows": {"reference": len(reference), "current": len(current)},
        "top": columns.head(10).round({"distance": 4}).to_dict("records"),
    }
    return DriftReport(verdict, columns, share, _page(run.get_html_str(as_iframe=False), summary), summary)


def _columns(run: Any) -> pd.DataFrame:
    """The distances that the methods below gave Evidently, and whether they exceeded their thresholds."""
    distances = {
        metric["config"]["column"]: metric["value"]
        for metric in run.dict()["metrics"]
        if "column" in metric["config"]
    }
    rows = []
    for test in run.tests_results:
        config = test.metric_config.params
        if "column" not in config:  # the test of the share of columns
            continue
        rows.append(
            (
                config["column"],
                "numeric" if config["method"] == NUMERIC_METHOD else "categorical",
                config["method"],
                float(distances[config["column"]]),
                config["threshold"],
                test.status == TestStatus.FAIL,
            )
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.sort_values(["distance", "column"], ascending=[False, True], ignore_index=True)


def _prepare(reference: pd.DataFrame, current: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Both tables with the same columns, none of them empty, and the names of those that hold numbers."""
    for table, name in ((reference, "the champion's reference"), (current, "the current window")):
        if table.empty:
            raise TriageError(f"there is nothing to compare: {name} is empty")
    names = reference.columns.astype(str).tolist()
    if absent := [name for name in names if name not in current]:
        raise TriageError(f"the current window lacks {', '.join(absent)}, which the champion's reference has")
    before, now = pd.DataFrame(index=range(len(reference))), pd.DataFrame(index=range(len(current)))
    numeric: list[str] = []
    for name in names:
        first, second = _known(reference[name]), _known(current[name])
        some = first.notna().any(), second.notna().any()
        if not any(some):
            continue
        if not (is_numeric_dtype(first) and is_numeric_dtype(second)):
            before[name], now[name] = first.fillna(MISSING), second.fillna(MISSING)
        elif all(some):
            before[name], now[name] = first, second
            numeric.append(name)
        else:
            before[name], now[name] = (np.where(side.notna(), "(known)", MISSING) for side in (first, second))
    if not len(before.columns):
        raise TriageError("there is nothing to compare: every column is empty")
    return before, now, numeric


def _known(column: pd.Series) -> pd.Series:
    """Finite float64 numbers or strings, missing where there is neither."""
    values = column.reset_index(drop=True)
    if is_bool_dtype(values) or not is_numeric_dtype(values):
        return values.astype("str")
    return values.astype("float64").replace([np.inf, -np.inf], np.nan)


_PASSING_ID = re.compile(
    r"(?<=metric_)[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
)


def _page(page: str, summary: dict[str, Any]) -> str:
    """The page under the verdict, its random ids numbered so that the same tables give the same bytes."""
    seen: dict[str, str] = {}
    steady = _PASSING_ID.sub(lambda found: seen.setdefault(found[0], f"{len(seen):032x}"), page)
    labels = "".join(f"; the predicted {task} has moved" for task in summary["drifted_predictions"])
    rows = f"{summary['rows']['current']} tickets against {summary['rows']['reference']}"
    window = f"; {summary['window']}" if summary["window"] else ""
    told = f"{summary['drifted']} of {summary['columns']} columns drifted{labels}; {rows}{window}"
    banner = f'<p style="font: 1rem sans-serif; margin: 1rem 2rem"><b>{summary["verdict"]}</b>: {told}</p>'
    return steady.replace("<body>", f"<body>\n{banner}", 1)


def _numeric(reference: pd.Series, current: pd.Series, kind: Any, threshold: float) -> tuple[float, bool]:
    found = wasserstein(reference.to_numpy("float64"), current.to_numpy("float64"))
    return found.value, found.exceeds(threshold)


def _categorical(reference: pd.Series, current: pd.Series, kind: Any, threshold: float) -> tuple[float, bool]:
    found = jensen_shannon(reference.tolist(), current.tolist())
    return found.value, found.exceeds(threshold)


register_stattest(
    StatTest(
        NUMERIC_METHOD, "Wasserstein distance in standard deviations, less noise", [ColumnType.Numerical], 0.1
    ),
    _numeric,
)
register_stattest(
    StatTest(CATEGORICAL_METHOD, "Jensen-Shannon distance, less noise", [ColumnType.Categorical], 0.1),
    _categorical,
)
