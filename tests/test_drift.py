"""Planted drift is seen, at any number of rows; what did not change is not called drift."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from ticket_triage import params
from ticket_triage.files import TriageError
from ticket_triage.monitoring import drift
from ticket_triage.monitoring.drift import DriftReport, compare

SETTINGS = params.Drift(numeric=0.1, categorical=0.1, prediction=0.2, share=0.3)
CATEGORIES = ("billing", "delivery", "outage", "praise")


def observations(
    seed: int,
    rows: int,
    *,
    length: float = 1.0,
    english: float = 0.9,
    mix: tuple[float, ...] = (0.4, 0.3, 0.2, 0.1),
) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "characters": (random.lognormal(4.5, 0.5, rows) * length).astype("float32"),
            "exclamations": random.poisson(0.4, rows).astype("float32"),
            "age_hours": np.full(rows, np.nan, "float32"),
            "repeats": np.zeros(rows, "float32"),
            "language": pd.array(random.choice(["en", "es"], rows, p=[english, 1 - english]), dtype="str"),
            "channel": "unknown",
            "category": pd.array(random.choice(CATEGORIES, rows, p=mix), dtype="str"),
            "category_confidence": random.beta(8, 2, rows).astype("float32"),
        }
    )


REFERENCE = observations(0, 3000)


def drifted(report: DriftReport) -> list[str]:
    return sorted(report.columns.loc[report.columns["drifted"], "column"])


@pytest.mark.parametrize("rows", [300, 1000, 5000])
def test_what_did_not_change_is_ok_at_every_size(rows: int) -> None:
    report = compare(REFERENCE, observations(1, rows), SETTINGS)
    assert (report.verdict, report.share, drifted(report)) == ("ok", 0.0, [])
    assert set(report.columns["column"]) == set(REFERENCE) - {"age_hours"}
    assert tuple(report.columns) == drift.COLUMNS


@pytest.mark.parametrize("rows", [300, 1000, 5000])
def test_planted_drift_is_seen_at_every_size(rows: int) -> None:
    report = compare(
        REFERENCE, observations(1, rows, length=1.4, english=0.6, mix=(0.1, 0.2, 0.3, 0.4)), SETTINGS
    )
    assert drifted(report) == ["category", "characters", "language"]
    assert (report.verdict, round(report.share, 3)) == ("drift", 0.429)
    assert report.summary["drifted_predictions"] == ["category"]
    distances = report.columns.set_index("column")["distance"]
    assert distances["characters"] == pytest.approx(0.62, abs=0.12)
    assert distances["language"] == pytest.approx(0.25, abs=0.05)
    assert distances["category"] == pytest.approx(0.33, abs=0.05)


def test_one_column_alone_is_no_alarm_but_a_predicted_label_is() -> None:
    languages = compare(REFERENCE, observations(1, 1000, english=0.6), SETTINGS)
    assert (languages.verdict, drifted(languages)) == ("ok", ["language"])
    predicted = compare(REFERENCE, observations(1, 1000, mix=(0.1, 0.2, 0.3, 0.4)), SETTINGS)
    assert (predicted.verdict, drifted(predicted)) == ("drift", ["category"])


def test_empty_and_constant_columns_are_compared_by_what_is_known() -> None:
    now = observations(1, 500).assign(age_hours=1.0, repeats=2.0, channel="chat", exclamations=np.nan)
    report = compare(REFERENCE, now, SETTINGS)
    assert drifted(report) == ["age_hours", "channel", "exclamations", "repeats"]
    kinds = report.columns.set_index("column")["kind"]
    assert kinds[["age_hours", "exclamations", "repeats"]].tolist() == [
        "categorical",
        "categorical",
        "numeric",
    ]


def test_missing_and_infinite_values_are_no_numbers() -> None:
    now = observations(1, 500)
    now["characters"] = now["characters"].mask(now.index % 3 == 0).mask(now.index % 3 == 1, np.inf)
    assert compare(REFERENCE, now, SETTINGS).verdict == "ok"


def test_a_missing_label_is_a_category() -> None:
    now = observations(1, 500)
    now["language"] = now["language"].mask(now.index % 2 == 0)
    assert drifted(compare(REFERENCE, now, SETTINGS)) == ["language"]


def test_nothing_to_compare_is_told() -> None:
    with pytest.raises(TriageError, match="current window is empty"):
        compare(REFERENCE, REFERENCE.iloc[:0], SETTINGS)
    with pytest.raises(TriageError, match="lacks language"):
        compare(REFERENCE, REFERENCE.drop(columns="language"), SETTINGS)
    with pytest.raises(TriageError, match="every column is empty"):
        compare(REFERENCE[["age_hours"]], REFERENCE[["age_hours"]], SETTINGS)


def test_the_page_opens_offline_and_is_the_same_for_the_same_tables() -> None:
    now = observations(1, 300)
    before = now.copy(deep=True)
    one, two = compare(REFERENCE, now, SETTINGS), compare(REFERENCE, now, SETTINGS)
    assert not re.search(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)\s*=", one.html)
    assert "category_confidence" in one.html
    assert "<b>ok</b>: 0 of 7 columns drifted; 300 tickets against 3000" in one.html
    assert len(one.html.encode()) < 8_000_000
    assert one.html == two.html
    assert one.summary == two.summary
    pd.testing.assert_frame_equal(now, before)


def test_the_summary_is_plain_json() -> None:
    summary = compare(REFERENCE, observations(1, 300), SETTINGS).summary
    assert json.loads(json.dumps(summary)) == summary
    assert summary["rows"] == {"reference": 3000, "current": 300}
