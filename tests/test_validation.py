"""What goes on, what is set apart, what stops all, and what is told of it."""

from pathlib import Path

import pandas as pd
import pytest
from small_tables import CSV, LABELS, TEXTS, TWCS, check, first, gold, refused, tickets

from ticket_triage import taxonomy, validation
from ticket_triage.files import TriageError


def test_good_tables_go_on_unchanged(tmp_path: Path) -> None:
    result = check(tmp_path)
    pd.testing.assert_frame_equal(result.tickets, tickets())
    pd.testing.assert_frame_equal(result.gold, gold())
    assert result.quarantine.empty
    assert tuple(result.quarantine) == validation.QUARANTINE
    assert result.summary["tickets"]["rows"] == len(TEXTS)
    assert result.summary["languages"] == {"en": 1.0}


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
