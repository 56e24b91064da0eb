"""The version that serves: a real MLflow store, a real model, verdicts written by hand."""

from pathlib import Path

import pandas as pd
import pytest

from ticket_triage import champion
from ticket_triage.files import TriageError, read_json
from ticket_triage.models.loading import flat
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.registry import versions
from ticket_triage.schema import URGENT, Figure, ModelRef
from ticket_triage.serving import predictor

MODEL = versions.registered_name("small", "small")
ONE, TWO = (ModelRef(name=MODEL, version=version) for version in "12")


@pytest.fixture
def registered(store: Path, model: TriageModel, model_folder: Path) -> None:
    """Two versions, of which the second was judged and is champion."""
    example = pd.DataFrame({"text": ["refund my card"]})
    output = flat(model, example)
    for digest in ("one", "two"):
        versions.register(MODEL, model_folder, digest, example, output, metrics={}, tags={})
    noted = {"": "0.7000", "_low": "0.6000", "_high": "0.8000"}
    tags = {f"test.category.macro_f1{end}": value for end, value in noted.items()}
    reasons = f"macro-F1 is higher\n{URGENT} 2.0% is called low"
    half = {"test.priority.macro_f1": "0.5000"}  # of a version that was judged before intervals were kept
    versions.tag(MODEL, {**tags, **half, champion.REASONS: reasons}, "2")
    versions.set_alias(MODEL, "champion", "2")


def test_what_a_version_is_worth_goes_with_its_files(registered: None, store: Path) -> None:
    assert champion.fetch({"model": MODEL, "champion": "2"}, store / "champion") == TWO
    assert TriageModel.load(store / "champion").check() == []
    assert read_json(store / "champion/ref.json") == TWO.model_dump()
    told = predictor.read_measured(store / "champion")
    assert told.on == "the gold test"
    assert told.figures == {"category": {"macro_f1": Figure(value=0.7, low=0.6, high=0.8)}}
    assert told.urgent == f"{URGENT} 2.0% is called low"


def test_a_version_that_was_never_judged_says_so(registered: None) -> None:
    measured = champion.measured(ONE)
    assert (measured.on, measured.figures, measured.urgent) == (None, {}, None)


def test_previous_is_what_was_packaged_before_and_rollback_returns_to_it(registered: None) -> None:
    with pytest.raises(TriageError, match="no previous version to roll back to: none was ever packaged"):
        champion.rollback("small", "small", "why")
    assert champion.packaged(ONE, "ticket-triage:1")["previous"] is None
    with pytest.raises(TriageError, match="only one was ever packaged"):
        champion.rollback("small", "small", "why")
    receipt = champion.packaged(TWO, "ticket-triage:2")
    assert receipt == {"model": MODEL, "version": "2", "bento": "ticket-triage:2", "previous": "1"}
    assert champion.packaged(TWO, "ticket-triage:2") == receipt
    assert versions.tags_of(MODEL, "2")["bento"] == "ticket-triage:2"
    assert champion.rollback("small", "small", "it was worse") == ONE
    assert versions.tags_of(MODEL, "2")["rolled_back"] == "it was worse"
    assert versions.alias(MODEL, "champion") == "1"
    with pytest.raises(TriageError, match=r"version 1 of .* is champion already"):
        champion.rollback("small", "small", "again")
