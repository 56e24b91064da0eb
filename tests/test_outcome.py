"""What a run came to, from receipts as the stages write them."""

from typing import Any

from ticket_triage import outcome

TOLD = ("macro_f1", "ece", "sure_share", "sure_precision", "sure_precision_strict")


def receipts(**promote: Any) -> dict[str, Any]:
    figures = {name: {"category": [0.8, 0.7, 0.9]} for name in TOLD}
    return {
        "validate": {
            "raw": {"one": 1_000, "two": 500},
            "tickets": {"rows": 1_200, "quarantined": 3},
            "gold": {"quarantined": 1},
        },
        "split": {"gold": 900},
        "forecast": {"category": {"verdict": "enough"}, "priority": {"verdict": "thin"}},
        "promote": {
            "model": "ticket-triage-one",
            "champion": "2",
            "test": figures["macro_f1"],
            "told": figures,
            "urgent": "",
            "reasons": ["It is better.", "It is fast."],
            "test_openings": 4,
            **promote,
        },
        "package": {"bento": "ticket-triage:2"},
        "monitor": {"verdict": "calm", "drifted": 1, "columns": 30, "window": "7 days"},
    }


def test_every_stage_is_told_of() -> None:
    assert list(outcome.rows(receipts(), 1_100)) == [
        ("Rows in", "1,500 raw, 1,200 tickets"),
        ("Quarantined", "4"),
        ("Labelled", "900 gold, 1,100 with a weak label"),
        ("Gold is", "enough for category, thin for priority"),
        ("Category", "macro-F1 on the gold test 0.800 (0.700 to 0.900)"),
        (
            "",
            "sure of 80%; right in 80.0% of those (70.0% to 90.0%), by the first label alone 80.0%; "
            "calibration error 0.800",
        ),
        ("Priority", "not trained: no gold for it"),
        ("Champion", "version 2 of ticket-triage-one"),
        ("Why", "It is better. It is fast."),
        ("Bento", "ticket-triage:2"),
        ("Drift", "calm: 1 of 30 columns; 7 days"),
        ("Gold test opened", "4 times so far"),
    ]


def test_urgent_tickets_are_told_of_where_there_is_something_to_tell() -> None:
    found = dict(outcome.rows(receipts(urgent="2 % of high is called low"), 0))
    assert found["Urgent"] == "2 % of high is called low"


def test_a_task_that_is_never_sure_has_no_line_on_it() -> None:
    silent = {name: {} for name in TOLD if name != "macro_f1"}
    told = receipts()["promote"]["told"] | silent
    assert "" not in dict(outcome.rows(receipts(told=told), 0))
