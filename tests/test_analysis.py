import json
import re
from pathlib import Path

import pandas as pd
import pytest
import small_taxonomy

from ticket_triage import params, taxonomy
from ticket_triage.labeling import analysis, functions, weak
from ticket_triage.taxonomy import Taxonomy

SETTINGS = params.read(Path(__file__).parent.parent / "params.yaml").label
TEXTS = pd.Series(["refund $5", "refund my parcel", "parcel", "thank you", "nothing"], dtype="str")
GOLD = pd.DataFrame(
    {
        "text": TEXTS,
        "part": ["train", "validation", "validation", "unlabelled", "validation"],
        "brand": None,
        "first_reply": None,
        "gold_category": ["billing", "delivery", "delivery", None, "praise"],
        "gold_priority": ["medium", "medium", "low", None, "low"],
    }
).astype({"brand": "str", "first_reply": "str"})


def voted() -> pd.DataFrame:
    return functions.votes(small_taxonomy.make(), TEXTS)


def told(known: Taxonomy, gold: pd.DataFrame = GOLD) -> dict:
    return analysis.report(weak.label(gold, known, None, SETTINGS), gold, "majority")


def test_coverage_overlap_conflict_and_accuracy() -> None:
    row = analysis.analyse(voted(), GOLD).loc["category.keywords.billing"]
    assert (row["asked"], row["votes"]) == (5, 2)
    assert row[["coverage", "overlap", "conflict"]].tolist() == [0.4, 0.4, 0.2]
    assert (row["n"], row["accuracy"]) == (2, 0.5)
    assert row["low"] == pytest.approx(0.0945, abs=1e-3)
    assert row["high"] == pytest.approx(0.9055, abs=1e-3)
    assert row["others"] == 1.0  # a pattern is right of the first ticket, a keyword of the second


def test_shares_of_functions_by_similarity_are_of_the_tickets_that_were_compared() -> None:
    near = pd.DataFrame({"category.similar.a": pd.Categorical(["a", None, None, None], categories=["a"])})
    gold = pd.DataFrame({"gold_category": ["a"] * 4, "gold_priority": [None] * 4})
    row = analysis.analyse(near, gold, pd.Series([True, True, False, False])).loc["category.similar.a"]
    assert (row["asked"], row["coverage"]) == (2, 0.5)


def test_a_function_that_never_fires_is_dead() -> None:
    table = analysis.analyse(voted(), GOLD)
    assert table.index[table["dead"]].tolist() == ["priority.urgency", "priority.safety", "priority.question"]
    assert table.loc["priority.safety", "n"] == 0


def test_a_function_that_is_surely_worse_than_the_others_or_than_chance_is_harmful() -> None:
    labels = ["a", "b"]
    gold = pd.DataFrame({"gold_category": ["a"] * 30 + ["b"] * 10, "gold_priority": [None] * 40})
    votes = pd.DataFrame(
        {
            "category.keywords.a": pd.Categorical(["a"] * 40, categories=labels),
            "category.patterns.b": pd.Categorical(["b"] * 30 + [None] * 10, categories=labels),
            "category.reply.b": pd.Categorical([None] * 30 + ["b"] * 10, categories=labels),
        }
    )
    table = analysis.analyse(votes, gold)
    assert table["harmful"].tolist() == [False, True, False]
    assert table.loc["category.patterns.b", ["accuracy", "others", "chance"]].tolist() == [0, 1, 0.25]


def test_accuracy_is_of_gold_alone() -> None:
    assert analysis.analyse(voted(), GOLD).loc["category.keywords.praise", "n"] == 0


def test_agreement_of_weak_labels_with_gold() -> None:
    labels = pd.DataFrame(
        {"category": ["billing", "billing", "delivery", "praise", None], "priority": [None] * 5}, dtype="str"
    )
    table = analysis.agreement(labels, GOLD).set_index(["task", "label"])
    everything = table.loc[("category", "all")]
    assert everything[["gold", "coverage", "n"]].tolist() == [4, 0.75, 3]
    assert everything["accuracy"] == pytest.approx(2 / 3)
    assert table.loc[("category", "billing"), ["n", "accuracy"]].tolist() == [2, 0.5]
    assert table.loc[("category", "praise"), ["gold", "coverage", "n"]].tolist() == [1, 0, 0]


def test_label_models_side_by_side() -> None:
    models = {
        "one": pd.DataFrame({"category": ["a", "b", None], "priority": [None] * 3}, dtype="str"),
        "two": pd.DataFrame({"category": ["a", "a", "a"], "priority": [None] * 3}, dtype="str"),
    }
    gold = pd.DataFrame({"gold_category": ["a", "a", None], "gold_priority": [None] * 3})
    table = analysis.compare(models, gold, "two").set_index("model")
    assert table["accuracy"].tolist() == [0.5, 1.0]
    assert table["chosen"].tolist() == [False, True]
    assert set(table["task"]) == {"category"}


def test_a_label_model_that_labels_no_gold_is_said_to() -> None:
    silent = [{"task": "priority", "model": "one", "accuracy": None}]
    found = {"models": [{"task": "category", "model": "one", "accuracy": 0.5}, *silent]}
    assert analysis.sentences(found) == [
        "category: one agrees with gold of validation in 50.0%",
        "priority: one labels none of validation's gold",
    ]


def test_the_report_is_one_page_that_needs_nothing_else(tmp_path: Path) -> None:
    analysis.write(tmp_path / "labels", told(small_taxonomy.make()))
    page = (tmp_path / "labels" / "labels.html").read_text("utf-8")
    assert "category.keywords.billing" in page and "dawid_skene" in page
    assert not re.search(r"https?://|<script|<link", page)
    found = json.loads((tmp_path / "labels" / "labels.json").read_text("utf-8"))
    assert found["counts"] == {
        "tickets": 5,
        "of these gold": 4,
        "labelling functions": 13,
        "weak category": 4,
        "weak priority": 4,
        "never fired": 7,
        "harmful": 0,
    }
    assert len(found["functions"]) == 13 and found["flips"] is None


def test_a_taxonomy_without_functions_has_a_report_too(tmp_path: Path) -> None:
    own = taxonomy.from_labels(["billing", "delivery", "praise"], "own")
    gold = GOLD.assign(gold_priority=pd.Series([None] * 5, dtype="str"))
    found = told(own, gold)
    analysis.write(tmp_path / "labels", found)
    page = (tmp_path / "labels" / "labels.html").read_text("utf-8")
    assert {row["function"] for row in found["functions"]} == {
        f"{task}.{kind}" for task in ("category", "priority") for kind in ("brand", "industry")
    }
    assert page.count("no gold labels") == 2
