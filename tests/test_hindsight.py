import pandas as pd
import pytest
import small_taxonomy

from ticket_triage import taxonomy
from ticket_triage.labeling import hindsight


def experts() -> taxonomy.Taxonomy:
    known = {"urgent_replies": ["right away"], "sorry_replies": ["sorry"], "calm_replies": ["glad"]}
    made = small_taxonomy.make(**known).model_dump()
    made["categories"][1]["replies"] = ["tracking", "your parcel"]
    return taxonomy.Taxonomy.model_validate(made)


@pytest.mark.parametrize(
    ("reply", "category", "priority"),
    [
        ("@you Sorry! What is the TRACKING number?", "delivery", "medium"),
        ("Sorry, we come right away", "-", "high"),
        ("Glad to hear it, sorry for the wait", "-", "low"),
        ("Hello", "-", "-"),
        (None, "-", "-"),
    ],
)
def test_what_a_reply_asks_or_is_sorry_for_says_what_the_ticket_was(
    reply: str | None, category: str, priority: str
) -> None:
    found = hindsight.votes(experts(), pd.Series([reply], index=[7], dtype="str"))
    assert list(found) == ["category.reply.delivery", "priority.reply"]
    assert found.astype("object").fillna("-").to_numpy().tolist() == [[category, priority]]
    assert found.index.tolist() == [7]


def test_a_bad_pattern_is_named() -> None:
    with pytest.raises(ValueError, match=r"sorry_replies has a bad pattern `\(`"):
        small_taxonomy.make(sorry_replies=["("])


def test_a_taxonomy_without_patterns_has_no_such_functions() -> None:
    assert hindsight.votes(small_taxonomy.make(), pd.Series(["sorry"])).shape == (1, 0)
