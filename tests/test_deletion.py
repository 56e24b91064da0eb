"""Reasons name the words that the answer rests on: behaviour of a model, and how that is measured."""

from pathlib import Path

import pandas as pd
import pytest
import small_model

from ticket_triage import params
from ticket_triage.evaluation import deletion, evaluate, report
from ticket_triage.models.triage_model import TriageModel

SETTINGS = params.Evaluate(bootstrap=200, confidence=0.95, min_slice=30, recall_high=0.7, deletion=40, seed=0)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return small_model.tickets(60, seed=78)


def test_taking_the_named_words_away_moves_the_answer_more_than_taking_others(
    model: TriageModel, rows: pd.DataFrame
) -> None:
    before = rows.copy(deep=True)
    found = deletion.measure(model, rows, SETTINGS)
    pd.testing.assert_frame_equal(rows, before)
    for task in model.tasks:
        held = found[task]
        assert 10 < held.tickets <= 40 and held.words >= 1
        assert held.gain.low > 0
        assert held.gain.value == pytest.approx(held.named.value - held.others.value)
        assert held.gain.low < held.gain.value < held.gain.high
    assert deletion.measure(model, rows, SETTINGS) == found


def test_where_no_words_are_named_nothing_is_measured(model: TriageModel, rows: pd.DataFrame) -> None:
    assert deletion.measure(model, rows.head(5).assign(text="?"), SETTINGS) == {}


def test_words_and_phrases_are_found_where_they_stand() -> None:
    words = ["Open", "my", "app,", "I", "can't", "OPEN", "my", "photos:", "my-app"]
    assert deletion.places(words, ["open my"]) == [0, 1, 5, 6]
    assert deletion.places(words, ["app"]) == [2, 8]
    assert deletion.places(words, ["can open", "there"]) == [
        4,
        5,
    ]  # as the words are read: letters alone are none
    assert deletion.places(words, []) == []


def test_the_report_tells_it_where_it_was_asked_for(
    model: TriageModel, rows: pd.DataFrame, tmp_path: Path
) -> None:
    asked = evaluate(model, rows, None, SETTINGS, reasons=True)
    report.write(tmp_path / "asked", asked)
    assert "the words that reasons name" in (tmp_path / "asked" / "report.html").read_text()
    assert asked.headline()["category.deletion_gain_low"] > 0
    assert evaluate(model, rows, None, SETTINGS).tasks["category"].deletion is None
