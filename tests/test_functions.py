import time
from pathlib import Path

import pandas as pd
import pytest
import small_taxonomy

from ticket_triage import taxonomy
from ticket_triage.labeling import functions


def cast(*texts: str | None) -> pd.DataFrame:
    return functions.votes(small_taxonomy.make(), pd.Series(texts, dtype="str"))


def said(votes: pd.DataFrame, row: int = 0) -> dict[str, str]:
    return {name: votes[name].iloc[row] for name in votes if pd.notna(votes[name].iloc[row])}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("You CHARGED, twice!", {"category.keywords.billing": "billing", "priority.base": "medium"}),
        ("pay $5", {"category.patterns.billing": "billing", "priority.base": "medium"}),
        ("Où est mon colis", {"category.keywords.delivery": "delivery", "priority.base": "medium"}),
        ("@refund https://refund.io/parcel", {}),
        ("refunds and parcels", {}),
        ("&#36;5", {"category.patterns.billing": "billing", "priority.base": "medium"}),
        ("are you there?", {"priority.question": "low"}),
        (
            "thank you",
            {"category.keywords.praise": "praise", "priority.nothing_wrong": "low", "priority.base": "low"},
        ),
        ("Smoke! Come right now", {"priority.urgency": "high", "priority.safety": "high"}),
        ("nothing of note", {}),
        ("", {}),
    ],
)
def test_functions_vote_for_what_they_see(text: str, expected: dict[str, str]) -> None:
    assert said(cast(text)) == expected


def test_a_question_about_a_serious_thing_gets_no_vote_for_low() -> None:
    assert "priority.question" not in said(cast("where is my parcel?"))


def test_the_base_priority_is_that_of_the_category_most_pointed_to() -> None:
    lightly = small_taxonomy.make().model_dump()["categories"]
    lightly[0]["base_priority"] = "high"
    votes = functions.votes(
        small_taxonomy.make(categories=lightly), pd.Series(["parcel refund $5", "parcel"])
    )
    assert votes["priority.base"].tolist() == ["high", "medium"]


def test_a_missing_text_gets_no_vote_and_the_index_is_kept() -> None:
    texts = pd.Series(["refund", None], index=[7, 3], dtype="str")
    votes = functions.votes(small_taxonomy.make(), texts)
    assert votes.index.tolist() == [7, 3]
    assert said(votes, 1) == {}


def test_a_pattern_does_not_begin_inside_a_word() -> None:
    assert said(cast("xremboursement")) == {}
    assert "category.patterns.billing" in said(cast("le remboursement"))


def test_votes_are_of_the_tasks_labels_and_named_by_task() -> None:
    votes = cast("refund")
    assert list(functions.of_task(votes, "category")["category.keywords.billing"].cat.categories) == [
        *("billing", "delivery", "praise")
    ]
    assert {name.split(".")[0] for name in votes} == {"category", "priority"}
    assert "category.patterns.delivery" not in votes  # it has no patterns


def test_a_taxonomy_of_labels_alone_has_no_functions() -> None:
    own = taxonomy.from_labels(["a", "b"], "own")
    assert functions.functions(own) == ()
    assert functions.votes(own, pd.Series(["a?"])).shape == (1, 0)


def test_each_function_can_be_asked_alone() -> None:
    small = small_taxonomy.make()
    found = functions.evidence(small, pd.Series(["refund", "parcel"]))
    by_name = {rule.name: rule for rule in functions.functions(small)}
    assert by_name["category.keywords.billing"].vote(found).isin(["billing"]).tolist() == [True, False]


def test_five_thousand_tickets_a_second() -> None:
    own = taxonomy.read(Path("data/taxonomy.yaml"))
    text = (
        "@shop I was charged twice for my order and nobody answers the phone, could you please help me out?"
    )
    texts = pd.Series([f"{text} {at}" for at in range(1500)])
    functions.votes(own, texts[:10])
    spent = []
    for _ in range(3):
        start = time.process_time()
        functions.votes(own, texts)
        spent.append(time.process_time() - start)
    assert len(texts) / min(spent) > 5000


@pytest.mark.parametrize("text", ["a" * 20_000, "not been " * 2_000, "?" * 20_000, "how do you " * 1_800])
def test_a_long_text_takes_no_longer_for_its_shape(text: str) -> None:
    own = taxonomy.read(Path("data/taxonomy.yaml"))
    start = time.process_time()
    functions.votes(own, pd.Series([text]))
    assert time.process_time() - start < 1.5
