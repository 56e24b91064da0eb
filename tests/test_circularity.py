"""Agreement with rules is not accuracy."""

import math

import pandas as pd
import pytest

from ticket_triage.evaluation import circularity

ANSWERS = pd.DataFrame(
    {"actual": ["a", "a", "b", "b", "a"], "predicted": ["a", "b", "b", "a", "a"]},
    index=["1", "2", "3", "4", "5"],
)


def test_the_gap_is_what_the_rules_would_claim_too_much() -> None:
    weak = pd.Series(["a", "b", "a", None], index=["1", "2", "3", "4"], dtype="str")
    found = circularity.measure(ANSWERS, weak, 0.95)
    assert found is not None
    assert (found.labelled, found.unlabelled) == (3, 2)
    assert found.agreement.value == pytest.approx(2 / 3)
    assert found.accuracy.value == pytest.approx(2 / 3)
    assert found.rules.value == pytest.approx(1 / 3)
    assert found.silent.value == pytest.approx(1 / 2)
    assert found.gap == pytest.approx(0)
    assert found.silent.low < 0.5 < found.silent.high


def test_without_weak_labels_nothing_is_said_and_where_all_are_labelled_none_is_silent() -> None:
    assert circularity.measure(ANSWERS, pd.Series(dtype="str"), 0.95) is None
    found = circularity.measure(ANSWERS, ANSWERS["predicted"], 0.95)
    assert found is not None
    assert found.gap == pytest.approx(1 - 3 / 5)
    assert math.isnan(found.silent.value)
