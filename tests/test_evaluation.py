"""A fitted model measured on gold, from tickets to headline."""

import json

import pandas as pd
import pytest
import small_model

from ticket_triage import params
from ticket_triage.evaluation import evaluate
from ticket_triage.files import TriageError

SETTINGS = params.Evaluate(bootstrap=30, confidence=0.9, min_slice=30, recall_high=0.7, deletion=40, seed=0)
TICKETS = small_model.tickets(160, seed=1)
MODEL = small_model.SmallModel.fit(small_model.tickets(150, seed=2))


def test_the_headline_is_flat_json_of_both_tasks_with_bounds() -> None:
    found = evaluate(MODEL, TICKETS, None, SETTINGS).headline()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    for task in ("category", "priority"):
        for figure in ("macro_f1", "accuracy", "accuracy_second", "ece", "aurc", "log_loss", "auto_share"):
            low, value, high = (found[f"{task}.{figure}{end}"] for end in ("_low", "", "_high"))
            assert low <= value <= high
    assert 0.6 < found["category.macro_f1"] < 1


def test_it_scores_what_the_model_would_answer() -> None:
    found = evaluate(MODEL, TICKETS, None, SETTINGS)
    served = MODEL.predict(TICKETS)
    answers = found.tasks["category"].answers
    assert answers["predicted"].tolist() == served["category"].tolist()
    assert (answers["auto"].to_numpy() == (served["decision"] == "auto").to_numpy()).all()


def test_routing_is_judged_only_where_it_was_not_tuned() -> None:
    found = evaluate(MODEL, TICKETS, None, SETTINGS).headline()
    other = TICKETS[TICKETS["half"] == "conformal"]
    assert (
        found["category.auto_share"]
        == evaluate(MODEL, other, None, SETTINGS).headline()["category.auto_share"]
    )
    assert found["category.auto_share"] == pytest.approx((MODEL.predict(other)["decision"] == "auto").mean())


def test_tickets_without_gold_change_nothing_and_the_frame_is_left_as_it_was() -> None:
    mixed = pd.concat(
        [TICKETS, small_model.tickets(20, seed=9, labelled=0).assign(ticket_id=lambda f: "x" + f.ticket_id)]
    )
    before = mixed.copy()
    assert (
        evaluate(MODEL, mixed, None, SETTINGS).headline()
        == evaluate(MODEL, TICKETS, None, SETTINGS).headline()
    )
    pd.testing.assert_frame_equal(mixed, before)


def test_a_task_that_the_model_or_the_gold_lacks_is_left_out() -> None:
    category_alone = small_model.SmallModel.fit(small_model.tickets(100, seed=2), tasks=("category",))
    assert list(evaluate(category_alone, TICKETS, None, SETTINGS).tasks) == ["category"]
    without = TICKETS.assign(gold_priority=None)
    assert list(evaluate(MODEL, without, None, SETTINGS).tasks) == ["category"]


def test_priorities_are_shown_in_their_order() -> None:
    part = evaluate(MODEL, TICKETS, None, SETTINGS).tasks["priority"]
    assert part.labels == ("low", "medium", "high")
    assert part.classes["label"].tolist() == ["low", "medium", "high"]


def test_no_gold_at_all_is_said_in_a_sentence() -> None:
    for tickets in (
        TICKETS.assign(gold_category=None, gold_priority=None),
        TICKETS.drop(columns=["gold_category", "gold_priority"]),
    ):
        with pytest.raises(
            TriageError, match="no ticket of the gold test has a gold label for category or priority"
        ):
            evaluate(MODEL, tickets, None, SETTINGS, on="the gold test")


def test_a_gold_label_that_the_model_never_saw_counts_as_an_error() -> None:
    odd = TICKETS.assign(gold_category=["fraud", *TICKETS["gold_category"][1:]])
    part = evaluate(MODEL, odd, None, SETTINGS).tasks["category"]
    assert part.classes.set_index("label").loc["fraud", ["support", "f1"]].tolist() == [1, 0]
    assert part.labels[-1] == "fraud"
