"""Agreement with rules is not accuracy."""

import math
from dataclasses import replace

import pandas as pd
import pytest
import small_taxonomy

from ticket_triage.evaluation import circularity
from ticket_triage.models.triage_model import TriageModel

ANSWERS = pd.DataFrame(
    {"actual": ["a", "a", "b", "b", "a"], "predicted": ["a", "b", "b", "a", "a"]},
    index=["1", "2", "3", "4", "5"],
)

NONE = pd.Series(dtype="str")


def test_the_gap_is_what_the_rules_would_claim_too_much() -> None:
    weak = pd.Series(["a", "b", "a", None], index=["1", "2", "3", "4"], dtype="str")
    masked = pd.Series(["b", "b", "b"], index=["1", "2", "3"], dtype="str")
    found = circularity.measure(ANSWERS, weak, 0.95, masked)
    assert found is not None
    assert (found.labelled, found.unspoken, found.heard) == (3, 2, 3)
    assert found.spoken.value == pytest.approx(2 / 3)
    assert found.masked.value == pytest.approx(1 / 3)
    assert found.agreement.value == pytest.approx(2 / 3)
    assert found.accuracy.value == pytest.approx(2 / 3)
    assert found.rules.value == pytest.approx(1 / 3)
    assert found.silent.value == pytest.approx(1 / 2)
    assert found.gap == pytest.approx(0)
    assert found.silent.low < 0.5 < found.silent.high


def test_without_weak_labels_nothing_is_said_and_where_all_are_labelled_none_is_silent() -> None:
    assert circularity.measure(ANSWERS, pd.Series(dtype="str"), 0.95, NONE) is None
    found = circularity.measure(ANSWERS, ANSWERS["predicted"], 0.95, ANSWERS["predicted"])
    assert found is not None
    assert found.gap == pytest.approx(1 - 3 / 5)
    assert math.isnan(found.silent.value)


def test_a_model_that_knows_the_rules_words_alone_fails_without_them(model: TriageModel) -> None:
    ruled = replace(model, taxonomy=small_taxonomy.of_words())
    tickets = pd.DataFrame({"text": ["invoice charged refund, twice", "hello team"]}, index=["a", "b"])
    found = circularity.without_rules(ruled, tickets)
    assert found.index.tolist() == ["a"]
    assert list(found) == ["category", "priority"]
    assert model.predict(tickets)["category"]["a"] == "billing" != found["category"]["a"]
