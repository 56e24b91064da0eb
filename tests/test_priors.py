import pandas as pd
import small_taxonomy

from ticket_triage.labeling import priors
from ticket_triage.params import Prior

SETTINGS = Prior(smoothing=2.0, min_share=0.5, confidence=0.9)
EXPERTS = small_taxonomy.make()


def tickets(rows: list[tuple[str, str | None, str | None]], part: str = "train") -> pd.DataFrame:
    """Text, brand that answered, gold category."""
    found = pd.DataFrame(rows, columns=["text", "brand", "gold_category"]).astype("str")
    return found.assign(part=part, gold_priority=pd.Series([None] * len(found), dtype="str"))


def test_who_answered_counts_before_who_was_written_to() -> None:
    texts = pd.Series(["@Delta hello", "hi @JETBLUE and @delta", "mail me at a@delta.org", None], dtype="str")
    answered = pd.Series(["Initech", None, None, None], dtype="str")
    assert priors.brands(texts, answered).fillna("-").tolist() == ["initech", "jetblue", "-", "-"]


def test_a_brand_with_mostly_one_kind_of_ticket_votes_for_it_and_a_weak_one_abstains() -> None:
    known = [("@delta a", None, "delivery")] * 12 + [("@jetblue a", None, "billing")] * 12
    known += [("@other a", None, label) for label in ("billing", "delivery", "praise")]
    table = pd.concat(
        [
            tickets(known),
            tickets([("@delta b", None, "billing"), ("@other b", None, None), ("b", None, None)], "later"),
        ],
        ignore_index=True,
    )
    found = priors.votes(EXPERTS, table, table["brand"], SETTINGS)
    assert found["category.brand"].iloc[[0, 12]].tolist() == ["delivery", "billing"]
    assert found["category.brand"].iloc[-3:].astype("object").fillna("-").tolist() == ["delivery", "-", "-"]
    assert found["category.industry"].isna().all()  # its two brands are of different kinds
    assert found["priority.brand"].isna().all()


def test_no_gold_label_votes_for_itself() -> None:
    table = tickets([("@delta a", None, "delivery"), *[("b", None, "billing")] * 9])
    assert priors.votes(EXPERTS, table, table["brand"], SETTINGS)["category.brand"].isna().all()
