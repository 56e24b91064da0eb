"""Which labels are taken for each other, and what merging would bring."""

import pandas as pd
import pytest
import small_model
from sklearn.metrics import f1_score

from ticket_triage.evaluation import answered, confusions


def answers() -> pd.DataFrame:
    tickets = small_model.tickets(200, seed=3)
    proba = small_model.SmallModel.fit(tickets.head(60)).predict_proba(tickets)["category"]
    second, keys = tickets["gold_second_category"], tickets["text_key"]
    return answered.table(tickets["gold_category"], proba, second=second, keys=keys)


def test_a_mistake_is_neither_gold_label_and_the_surest_comes_first() -> None:
    table = answers()
    found = confusions.mistakes(table)
    assert 0 < len(found) == int((1 - answered.right(table)[1]).sum())
    assert found["confidence"].is_monotonic_decreasing
    assert not ((found["predicted"] == found["actual"]) | (found["predicted"] == found["second"])).any()


def test_pairs_count_both_ways_and_say_what_one_label_would_bring() -> None:
    table = answers()
    found = confusions.pairs(table, 10)
    wrong = confusions.mistakes(table)
    assert found[["one_as_other", "other_as_one"]].sum().sum() == len(wrong)
    assert found["share"].sum() == pytest.approx(1)
    assert found["share"].is_monotonic_decreasing
    row = found.iloc[0]
    there = wrong[(wrong["actual"] == row["one"]) & (wrong["predicted"] == row["other"])]
    assert row["one_as_other"] == len(there)
    merged = table[["actual", "predicted"]].replace(row["other"], row["one"])
    before = f1_score(table["actual"], table["predicted"], average="macro")
    gain = f1_score(merged["actual"], merged["predicted"], average="macro") - before
    assert row["macro_f1_gain"] == pytest.approx(gain)
    hits = (merged["actual"] == merged["predicted"]).mean() - (table["actual"] == table["predicted"]).mean()
    assert row["accuracy_gain"] == pytest.approx(hits) and hits > 0
    assert set(row["examples"].split()) <= set(wrong["key"])


def test_a_model_without_a_mistake_confuses_nothing() -> None:
    table = answers().assign(predicted=lambda frame: frame["actual"])
    assert confusions.pairs(table, 5).empty
