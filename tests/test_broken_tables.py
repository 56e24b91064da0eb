"""Bad tables go in, and each rule is seen to fire by its name."""

import json
from pathlib import Path

import pandas as pd
import pytest
from small_tables import CSV, TEXTS, TWCS, check, gold, ids, raw, refused, tickets

from ticket_triage import schema
from ticket_triage.files import text_key
from ticket_triage.validation import Raw

DAY = pd.Timestamp("2017-10-31", tz="UTC")
BROKEN_TICKETS: list[tuple[str, dict[str, object]]] = [
    ("tickets.id", {"ticket_id": None}),
    ("tickets.source", {"source": "unheard-of"}),
    ("tickets.text_length", {"text": "  x "}),
    ("tickets.text_length", {"text": "long " * 20}),
    ("tickets.text_length", {"text": None}),
    ("tickets.text_key", {"text_key": "no key"}),
    ("tickets.created_at", {"created_at": DAY.replace(year=1970)}),
    ("tickets.received_at", {"received_at": DAY.replace(year=2031)}),
    ("tickets.received_after", {"received_at": DAY.replace(day=30)}),
    ("tickets.earlier_tickets", {"earlier_tickets": -1}),
    ("tickets.source_missing, tickets.earlier_tickets", {"source": None, "earlier_tickets": -2}),
]


def test_a_row_that_breaks_rules_leaves_with_their_names(tmp_path: Path) -> None:
    good = tickets()
    fine = good.to_dict("records")[-1]
    bad = [
        fine | {"ticket_id": f"own:bad-{number}", "text_key": f"{number:016x}"} | change
        for number, (_, change) in enumerate(BROKEN_TICKETS)
    ]
    table = pd.concat([good, pd.DataFrame(bad).astype(schema.TICKET_DTYPES)], ignore_index=True)
    result = check(tmp_path, table=table, max_quarantined=0.7)
    rules = [rules for rules, _ in BROKEN_TICKETS]
    assert result.quarantine["rules"].tolist() == rules
    assert set(result.quarantine["table"]) == {"tickets"}
    assert result.summary["tickets"]["by_rule"]["tickets.text_length"] == rules.count("tickets.text_length")
    pd.testing.assert_frame_equal(result.tickets, good)
    rows = [json.loads(row) for row in result.quarantine["row"]]
    assert [list(row) for row in rows] == [list(schema.TICKET_COLUMNS)] * len(bad)
    assert [row["text"] for row in rows] == [row["text"] for row in bad]


def test_repeated_ids_all_leave(tmp_path: Path) -> None:
    result = check(tmp_path, table=tickets(ticket_id=[f"own:{n}" for n in (0, 1, 2, 3, 4, 4)]))
    assert result.quarantine["ticket_id"].tolist() == ["own:4", "own:4"]
    assert result.quarantine["rules"].tolist() == ["tickets.id_unique"] * 2
    assert result.quarantine["table"].tolist() == ["tickets"] * 2


BROKEN_GOLD: list[tuple[str, dict[str, object]]] = [
    ("gold.id, gold.ticket", {"ticket_id": None}),
    ("gold.ticket", {"ticket_id": "own:99"}),
    ("gold.category", {"category": "weather"}),
    ("gold.second_category", {"second_category": "weather"}),
    ("gold.priority", {"priority": "urgent"}),
    ("gold.sentiment", {"sentiment": "furious"}),
    ("gold.passes", {"passes": 0}),
]


def test_a_gold_label_that_breaks_rules_leaves_with_their_names(tmp_path: Path) -> None:
    count = len(BROKEN_GOLD)
    table = pd.concat([tickets(), tickets(ticket_id=[f"own:{n}" for n in range(10, 16)])], ignore_index=True)
    fine = gold().to_dict("records")[0]
    bad = [
        fine
        | {"ticket_id": ["own:2", "own:3", "own:4", "own:5", "own:10", "own:11", "own:12"][number]}
        | change
        for number, (_, change) in enumerate(BROKEN_GOLD)
    ]
    labels = pd.DataFrame([*gold().to_dict("records"), *bad])
    result = check(tmp_path, table=table, labels=labels, max_quarantined=0.8, max_duplicate_texts=0.5)
    assert result.quarantine["rules"].tolist() == [rules for rules, _ in BROKEN_GOLD]
    assert result.summary["gold"] | {"by_rule": {}} == {
        "rows": 2 + count,
        "quarantined": count,
        "by_rule": {},
    }
    assert result.gold["ticket_id"].tolist() == ["own:0", "own:1"]


def test_gold_ids_are_there_once(tmp_path: Path) -> None:
    result = check(tmp_path, labels=gold(ticket_id=["own:0", "own:0"]), max_quarantined=1.0)
    assert result.quarantine["rules"].tolist() == ["gold.id_unique"] * 2


@pytest.mark.parametrize(
    ("rule", "table", "limits", "told"),
    [
        ("tickets.columns", tickets().drop(columns=["tier", "text"]), {}, "found no text, tier"),
        ("tickets.rows", tickets().iloc[:0], {}, "expected at least one row, found 0"),
        (
            "tickets.type.text",
            tickets().assign(text=1),
            {},
            "on column `text`: expected the type str, found int64",
        ),
        ("tickets.type.created_at", tickets().assign(created_at="today"), {}, "found str"),
        ("tickets.languages", tickets(), {"main_languages": ["fr"]}, "expected fr in at least 50%"),
        ("tickets.empty_texts", tickets(text=["", " ", *TEXTS[2:]]), {}, "found 2 of 6"),
        ("tickets.repeated_texts", tickets(text_key=text_key("the same")), {}, "found 0.1667"),
    ],
)
def test_a_broken_table_rule_stops_all(
    tmp_path: Path, rule: str, table: pd.DataFrame, limits: dict[str, object], told: str
) -> None:
    sentence = refused(tmp_path, table=table, **limits)
    assert sentence.startswith(f"rule `{rule}`")
    assert told in sentence


@pytest.mark.parametrize(
    ("rule", "table"),
    [
        ("raw.own.columns", {"own": Raw(TWCS, 1, raw().head.drop(columns="inbound"), raw().ids)}),
        ("raw.own.rows", {"own": Raw(TWCS, 0, raw().head.iloc[:0], raw().ids)}),
        ("raw.own.id_type", {"own": raw(tweet_id=["a", "b", "3", "4", "5", "6"])}),
        ("raw.own.inbound", {"own": raw(inbound=["yes", "no", "True", "False", "True", "True"])}),
        ("raw.own.parent_type", {"own": raw(in_response_to_tweet_id=["a", "7", "3.0", None, None, None])}),
        (
            "raw.own.id_missing",
            {"own": Raw(TWCS, 6, raw().head, ids(1, None, None))},
        ),
        ("raw.own.id_repeated", {"own": Raw(TWCS, 6, raw().head, ids(1, 1, 2))}),
        ("raw.own.columns", {"own": Raw(CSV, 1, pd.DataFrame({"body": ["x"]}), pd.DataFrame())}),
    ],
)
def test_a_bad_raw_table_stops_all(tmp_path: Path, rule: str, table: dict[str, Raw]) -> None:
    assert refused(tmp_path, raws=table).startswith(f"rule `{rule}`")


def test_ids_may_be_written_with_a_decimal_point(tmp_path: Path) -> None:
    check(tmp_path, raws={"own": raw(tweet_id=[f"{number}.0" for number in range(len(TEXTS))])})
