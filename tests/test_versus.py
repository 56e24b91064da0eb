"""Candidate beside champion as a page."""

import small_model
from test_report import SETTINGS, visible

from ticket_triage.evaluation import evaluate, versus
from ticket_triage.evaluation.comparison import compare, flips


def test_the_promotion_page_shows_both_models_the_verdict_and_the_openings() -> None:
    tickets = small_model.tickets(160, seed=1)
    ours, theirs = (
        evaluate(
            small_model.SmallModel.fit(small_model.tickets(rows, seed=2)),
            tickets,
            None,
            SETTINGS,
            on="the gold test",
        )
        for rows in (150, 50)
    )
    pair = compare(ours, theirs, bootstrap=30, confidence=0.9, seed=0)
    reasons = ["version 2 <takes> the place."]
    page = versus.page(
        True,
        reasons,
        [pair],
        candidate="version 2",
        champion="version 1",
        openings=1,
        guarded=("accuracy", "ece"),
        times={("category", "logistic_regression"): 1.25},
    )
    words = visible(page)
    for said in (
        "Promotion of version 2",
        "version 2 <takes> the place.",
        "opened 1 time so far",
        "On the gold test",
    ):
        assert said in words
    for one in (ours, theirs):
        assert f"{one.tasks['category'].figures['macro_f1'].value:.3f}" in words
    assert "guarded figures" in words and "1.25" in words
    named = flips(pair)
    assert named["key"][named["direction"] == "broken"].iloc[0] in words
    difference = pair.tasks["category"]
    assert f"{difference.mended} mended, {difference.broken} broken" in words


def test_the_promotion_page_of_a_first_model_and_the_notice_need_no_champion() -> None:
    tickets = small_model.tickets(60, seed=1)
    alone = compare(
        evaluate(small_model.SmallModel.fit(tickets), tickets, None, SETTINGS),
        None,
        bootstrap=9,
        confidence=0.9,
        seed=0,
    )
    page = versus.page(True, ["It is the first."], [alone], candidate="version 1", champion=None, openings=1)
    words = visible(page)
    assert "There is no champion to compare it with" in words and "difference" not in words
    assert "Nothing to do." in visible(versus.notice("Promotion", ["Nothing to do."]))
