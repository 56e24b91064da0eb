"""Gold and answers side by side, by hand-made cases."""

import pandas as pd
import pytest

from ticket_triage.evaluation import answered

PROBA = pd.DataFrame({"a": [0.9, 0.4, 0.2, 0.5], "b": [0.1, 0.6, 0.8, 0.5]}, index=list("wxyz"))


def test_a_row_for_each_ticket_that_has_gold() -> None:
    gold = pd.Series(["a", "a", "new", None], index=PROBA.index)
    second = pd.Series([None, "b", None, "a"], index=PROBA.index)
    sets = pd.Series([["a"], ["b"], None, ["a"]], index=PROBA.index)
    table = answered.table(gold, PROBA, second=second, sets=sets)
    assert table.index.tolist() == ["w", "x", "y"]
    assert table["predicted"].tolist() == ["a", "b", "b"]
    assert table["confidence"].tolist() == [0.9, 0.6, 0.8]
    assert table["covered"].tolist()[:2] == [1, 0] and table["covered"].isna().tolist() == [
        False,
        False,
        True,
    ]
    assert not table["auto"].any() and table["judged"].all()
    first, either = answered.right(table)
    assert (first.tolist(), either.tolist()) == ([1, 0, 0], [1, 1, 0])


def test_labels_stand_in_the_order_that_is_asked_for_and_others_behind() -> None:
    gold = pd.Series(["a", "new", "b", "b"], index=PROBA.index)
    table = answered.table(gold, PROBA)
    assert answered.labels(table, ("b", "unheard", "a")) == ("b", "a", "new")
    counts = answered.confusion(table, ("b", "a"))
    assert counts.loc["b"].to_dict() == {"b": 1, "a": 1, "new": 0}
    assert counts.to_numpy().sum() == 4


def test_what_the_model_says_wins_over_the_most_probable_label() -> None:
    gold = pd.Series("a", index=PROBA.index)
    told = pd.Series("b", index=PROBA.index)
    table = answered.table(gold, PROBA, predicted=told, confidence=pd.Series(0.3, index=PROBA.index))
    assert set(table["predicted"]) == {"b"} and table["confidence"].tolist() == pytest.approx([0.3] * 4)
