import json
import re
from pathlib import Path

import pandas as pd
import pytest
import small_taxonomy

from ticket_triage import taxonomy
from ticket_triage.labeling import analysis, functions, label_model

TEXTS = pd.Series(["refund $5", "refund my parcel", "parcel", "thank you", "nothing"])
GOLD = pd.DataFrame(
    {
        "gold_category": ["billing", "delivery", "delivery", None, "praise"],
        "gold_priority": ["medium", "medium", "low", None, "low"],
    }
)


def voted() -> tuple[pd.DataFrame, pd.DataFrame]:
    small = small_taxonomy.make()
    votes = functions.votes(small, TEXTS)
    return votes, label_model.label(votes, small, 1)


def test_coverage_overlap_conflict_and_accuracy() -> None:
    votes, _ = voted()
    row = analysis.analyse(votes, GOLD).loc["category.keywords.billing"]
    assert row["votes"] == 2
    assert row[["coverage", "overlap", "conflict"]].tolist() == [0.4, 0.4, 0.2]
    assert (row["n"], row["accuracy"]) == (2, 0.5)
    assert row["low"] == pytest.approx(0.0945, abs=1e-3)
    assert row["high"] == pytest.approx(0.9055, abs=1e-3)


def test_a_function_that_never_fires_is_dead() -> None:
    votes, _ = voted()
    table = analysis.analyse(votes, GOLD)
    assert table.index[table["dead"]].tolist() == ["priority.urgency", "priority.safety", "priority.question"]
    assert table.loc["priority.safety", "n"] == 0


def test_accuracy_is_of_gold_alone() -> None:
    votes, _ = voted()
    assert analysis.analyse(votes, GOLD).loc["category.keywords.praise", "n"] == 0


def test_agreement_of_weak_labels_with_gold() -> None:
    _, weak = voted()
    table = analysis.agreement(weak, GOLD).set_index(["task", "label"])
    everything = table.loc[("category", "all")]
    assert everything[["gold", "coverage", "n"]].tolist() == [4, 0.75, 3]
    assert everything["accuracy"] == pytest.approx(2 / 3)
    assert table.loc[("category", "billing"), ["n", "accuracy"]].tolist() == [2, 0.5]
    assert table.loc[("category", "praise"), ["gold", "coverage", "n"]].tolist() == [1, 0, 0]


def test_the_report_is_one_page_that_needs_nothing_else(tmp_path: Path) -> None:
    votes, weak = voted()
    table, agreed = analysis.analyse(votes, GOLD), analysis.agreement(weak, GOLD)
    analysis.write(tmp_path / "labels", table, agreed, analysis.counts(votes, weak, GOLD))
    page = (tmp_path / "labels" / "labels.html").read_text("utf-8")
    assert "category.keywords.billing" in page
    assert page.count("never fired") == 4  # three functions, and the count of them
    assert not re.search(r"https?://|<script|<link", page)
    found = json.loads((tmp_path / "labels" / "labels.json").read_text("utf-8"))
    assert found["counts"] == {
        "tickets": 5,
        "of these gold": 4,
        "labelling functions": 9,
        "weak category": 4,
        "weak priority": 4,
        "never fired": 3,
    }
    assert len(found["functions"]) == 9


def test_a_taxonomy_without_functions_has_a_report_too(tmp_path: Path) -> None:
    own = taxonomy.from_labels(["billing", "delivery", "praise"], "own")
    votes = functions.votes(own, TEXTS)
    weak = label_model.label(votes, own, 1)
    gold = GOLD.assign(gold_priority=pd.Series([None] * 5, dtype="str"))
    table, agreed = analysis.analyse(votes, gold), analysis.agreement(weak, gold)
    analysis.write(tmp_path / "labels", table, agreed, analysis.counts(votes, weak, gold))
    assert table.empty
    page = (tmp_path / "labels" / "labels.html").read_text("utf-8")
    assert page.count("no functions") == 2
    assert page.count("no gold labels") == 1
