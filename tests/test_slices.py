"""Parts of the tickets: which there are, and that their figures are of them alone."""

import pandas as pd
import pytest
import small_model

from ticket_triage import params
from ticket_triage.evaluation import answered, slices

SETTINGS = params.Evaluate(bootstrap=20, confidence=0.9, min_slice=20, recall_high=0.7, deletion=40, seed=0)


@pytest.fixture(scope="module")
def tickets() -> pd.DataFrame:
    return small_model.tickets(200, seed=3)


@pytest.fixture(scope="module")
def answers(tickets: pd.DataFrame) -> pd.DataFrame:
    proba = small_model.SmallModel.fit(tickets.head(100)).predict_proba(tickets)["category"]
    return answered.table(tickets["gold_category"], proba)


def test_dimensions_are_those_that_the_tables_have(tickets: pd.DataFrame) -> None:
    full = slices.dimensions(tickets, small_model.hindsight(tickets))
    assert list(full) == ["language", "brand", "industry", "length", "month", "source", "channel"]
    assert set(full["brand"]) == {"Acme", "Globex", "not known"}
    assert full["month"].iloc[0] == "2017-10"
    assert list(slices.dimensions(tickets[["ticket_id", "text"]])) == ["length"]


def test_lengths_fall_in_their_bands() -> None:
    texts = pd.DataFrame({"ticket_id": list("abcdef"), "text": ["x" * n for n in (0, 59, 60, 119, 239, 240)]})
    bands = ["under 60", "under 60", "60 to 119", "60 to 119", "120 to 239", "240 and more"]
    assert slices.dimensions(texts)["length"].tolist() == bands


def test_a_slice_has_the_figures_of_its_tickets_alone(tickets: pd.DataFrame, answers: pd.DataFrame) -> None:
    found = slices.table(answers, slices.dimensions(tickets), SETTINGS).set_index(["dimension", "slice"])
    part = answers[tickets["gold_language"] == "es"]
    row = found.loc[("language", "es")]
    assert row["tickets"] == len(part)
    assert row["accuracy"] == pytest.approx((part["actual"] == part["predicted"]).mean())
    assert row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"]
    assert found.groupby("dimension")["tickets"].sum().unique().tolist() == [len(answers)]


def test_a_dimension_in_which_all_are_alike_is_left_out(tickets: pd.DataFrame, answers: pd.DataFrame) -> None:
    found = slices.table(answers, slices.dimensions(tickets), SETTINGS)
    assert "channel" not in set(found["dimension"])
    assert slices.table(answers, slices.dimensions(tickets)[["channel"]], SETTINGS).empty


def test_small_slices_and_all_after_the_ten_largest_are_pooled() -> None:
    names = pd.Series(["big"] * 40 + ["small"] * 5 + ["tiny"] * 4)
    assert slices.pool(names, 20).value_counts().to_dict() == {"big": 40, "others": 9}
    many = pd.Series([f"brand {n:02}" for n in range(15) for _ in range(20)])
    assert slices.pool(many, 20).value_counts().to_dict() == {f"brand {n:02}": 20 for n in range(10)} | {
        "others": 100
    }


def test_industries_and_tiers_are_known_where_they_are_told() -> None:
    tickets = small_model.tickets(4).assign(tier=["gold", "gold", None, "basic"])
    who = pd.DataFrame({"ticket_id": tickets["ticket_id"], "brand": ["Delta", "JetBlue", "Tesco", "Acme"]})
    found = slices.dimensions(tickets, who)
    assert found["industry"].tolist() == ["airline", "airline", "retail", "not known"]
    assert found["tier"].tolist() == ["gold", "gold", "not known", "basic"]
