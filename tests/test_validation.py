"""Bad tables go in, and each rule is seen to fire by its name."""

import json
from pathlib import Path

import pandas as pd
import pytest

from ticket_triage import params, schema, taxonomy, validation
from ticket_triage.files import TriageError, text_key
from ticket_triage.validation import Raw, Validated, validate

TWCS = params.Twcs(kind="twcs", path="twcs.csv")
CSV = params.Csv(kind="csv", path="own.csv", columns=params.Columns(text="body", id="number"))
LIMITS = params.Validate(
    taxonomy="data/own_labels.yaml",
    max_quarantined=0.5,
    text_length=(2, 60),
    dates=("2010-01-01", "2030-01-01"),
    max_bad_raw=0.2,
    max_empty_texts=0.3,
    max_duplicate_texts=0.4,
    main_languages=["en"],
    min_main_languages=0.5,
)
LABELS = taxonomy.from_labels(["billing", "delivery"], "own")
TEXTS = (
    "I was charged twice for the same order, please help",
    "My parcel has still not arrived after two weeks",
    "The application crashes every time that I open it",
    "Thank you for the quick answer, you are the best",
    "How do I change the address of my account?",
    "The website has been down since this morning",
)


def raw(**columns: list[object]) -> Raw:
    count = len(TEXTS)
    table = pd.DataFrame(
        {
            "tweet_id": [str(number) for number in range(count)],
            "author_id": "someone",
            "inbound": "True",
            "created_at": "Tue Oct 31 22:10:47 +0000 2017",
            "text": list(TEXTS),
            "response_tweet_id": None,
            "in_response_to_tweet_id": None,
        }
    ).assign(**columns)
    return Raw(TWCS, count, table.astype("str"), table[["tweet_id"]])


def ids(*values: object) -> pd.DataFrame:
    return pd.DataFrame({"tweet_id": values})


def tickets(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "ticket_id": [f"own:{number}" for number in range(len(TEXTS))],
            "source": "own",
            "text": list(TEXTS),
            "text_key": [text_key(text) for text in TEXTS],
            "created_at": pd.Timestamp("2017-10-31", tz="UTC"),
            "earlier_tickets": 0,
        }
    )
    return frame.reindex(columns=list(schema.TICKET_COLUMNS)).assign(**columns).astype(schema.TICKET_DTYPES)


def first(value: object, rest: object) -> list[object]:
    return [value, *[rest] * (len(TEXTS) - 1)]


def gold(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"ticket_id": ["own:0", "own:1"], "text_key": [text_key(text) for text in TEXTS[:2]]}
    )
    frame = frame.reindex(columns=["ticket_id", *schema.GOLD_COLUMNS])
    labels = {"category": ["billing", "delivery"], "priority": ["high", "low"], "passes": 1}
    return frame.assign(**(labels | columns))


def check(
    folder: Path,
    raws: dict[str, Raw] | None = None,
    table: pd.DataFrame | None = None,
    labels: pd.DataFrame | None = None,
    **limits: object,
) -> Validated:
    return validate(
        {"own": raw()} if raws is None else raws,
        tickets() if table is None else table,
        gold() if labels is None else labels,
        LABELS,
        LIMITS.model_copy(update=limits),
        folder / "docs",
    )


def test_good_tables_go_on_unchanged(tmp_path: Path) -> None:
    result = check(tmp_path)
    pd.testing.assert_frame_equal(result.tickets, tickets())
    pd.testing.assert_frame_equal(result.gold, gold())
    assert result.quarantine.empty
    assert tuple(result.quarantine) == validation.QUARANTINE
    assert result.summary["tickets"]["rows"] == len(TEXTS)
    assert result.summary["languages"] == {"en": 1.0}


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


def test_a_gold_label_leaves_with_its_ticket(tmp_path: Path) -> None:
    result = check(tmp_path, table=tickets(earlier_tickets=first(-1, 0)))
    assert result.quarantine[["table", "ticket_id", "rules"]].to_numpy().tolist() == [
        ["tickets", "own:0", "tickets.earlier_tickets"],
        ["gold", "own:0", "gold.ticket"],
    ]
    assert set(result.quarantine["source"]) == {"own"}
    assert result.gold["ticket_id"].tolist() == ["own:1"]


def test_no_gold_is_no_fault(tmp_path: Path) -> None:
    assert check(tmp_path, labels=gold().iloc[:0]).gold.empty


def refused(folder: Path, *, table: pd.DataFrame | None = None, **changes: object) -> str:
    with pytest.raises(TriageError) as error:
        check(folder, table=table, **changes)  # type: ignore[arg-type]
    return str(error.value)


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


def test_too_many_bad_rows_stop_all(tmp_path: Path) -> None:
    table = tickets(earlier_tickets=[-1, -1, 0, 0, 0, 0])
    assert len(check(tmp_path, table=table, labels=gold().iloc[:0], max_quarantined=0.34).tickets) == 4
    sentence = refused(tmp_path, table=table, max_quarantined=0.33)
    assert sentence.startswith(
        "rule `tickets.earlier_tickets` on column `earlier_tickets`: expected nothing or 0"
    )
    assert "found 2 of 6 that are not, such as -1 (ids own:0, own:1)" in sentence


def test_a_row_rule_that_cannot_be_tried_stops_all(tmp_path: Path) -> None:
    sentence = refused(tmp_path, labels=gold(passes="many"))
    assert sentence.startswith("rule `gold.passes` on column `passes`: expected nothing or 1 and more")
    assert "cannot be compared" in sentence


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


def test_only_the_head_and_the_ids_of_a_raw_file_are_read(tmp_path: Path) -> None:
    count = validation.HEAD + 5
    path = tmp_path / "raw.parquet"
    pd.DataFrame({"number": range(count), "body": "text"}).to_parquet(path)
    read = validation.read_raw(path, CSV)
    assert (read.rows, len(read.head), len(read.ids)) == (count, validation.HEAD, count)
    assert list(read.ids) == ["number"]
    assert validation.read_raw(path, TWCS).ids.columns.empty


def test_an_empty_and_a_damaged_raw_file(tmp_path: Path) -> None:
    pd.DataFrame({"number": [], "body": []}).to_parquet(tmp_path / "raw.parquet")
    empty = validation.read_raw(tmp_path / "raw.parquet", CSV)
    assert refused(tmp_path, raws={"own": empty}).startswith("rule `raw.own.rows`")
    (tmp_path / "raw.parquet").write_text("not parquet")
    with pytest.raises(TriageError, match="cannot read"):
        validation.read_raw(tmp_path / "raw.parquet", CSV)


def test_data_docs_are_written_also_of_refused_data(tmp_path: Path) -> None:
    refused(tmp_path, table=tickets(text=["", " ", *TEXTS[2:]]))
    pages = {path.name for path in (tmp_path / "docs").iterdir()}
    assert pages >= {"index.html", "raw-own.html", "raw-own-ids.html", "tickets-columns.html", "tickets.html"}
    for path in (tmp_path / "docs").iterdir():
        text = path.read_text("utf-8")
        assert "http" not in text, path.name
        assert "<script" not in text
        assert not any(words in text for words in TEXTS), "Data Docs hold no texts of customers"


def test_the_taxonomy_is_the_experts_file_or_the_labels_of_gold(tmp_path: Path) -> None:
    (tmp_path / "taxonomy.yaml").write_text(taxonomy.to_yaml(LABELS), "utf-8")
    assert validation.resolve(str(tmp_path / "taxonomy.yaml"), gold(), "own") == LABELS
    own = tmp_path / "own_labels.yaml"
    own.write_text("from_labels: true\n", "utf-8")
    assert validation.resolve(str(own), gold(), "own") == LABELS
    with pytest.raises(TriageError, match="no category label"):
        validation.resolve(str(own), gold(category=None), "own")


def test_the_same_tables_give_the_same_result(tmp_path: Path) -> None:
    table = tickets(earlier_tickets=first(-1, 0), source=first("unheard-of", "own"))
    one, two = check(tmp_path, table=table), check(tmp_path, table=table)
    pd.testing.assert_frame_equal(one.quarantine, two.quarantine)
    assert one.summary == two.summary
    pd.testing.assert_frame_equal(
        table, tickets(earlier_tickets=first(-1, 0), source=first("unheard-of", "own"))
    )


def test_texts_that_cannot_be_utf8_do_not_stop_the_stage(tmp_path: Path) -> None:
    odd = "broken \x00 control \x0b characters \u202e and marks"
    assert len(check(tmp_path, table=tickets(text=[odd, *TEXTS[1:]])).tickets) == len(TEXTS)
