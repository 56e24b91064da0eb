"""Tweets become tickets with what came after them; every trap of the real file, small."""

from pathlib import Path

import pandas as pd
import pytest
from twcs_files import HEADER, land, tweet

from ticket_triage.files import TriageError, text_key


def _ids(frame: pd.DataFrame) -> list[str]:
    return frame["ticket_id"].tolist()


def test_a_ticket_is_the_first_message_of_a_customer(tmp_path: Path) -> None:
    tables, receipt = land(
        tmp_path,
        tweet(2, "Acme", "@115 Sorry! Which order?", 1, at="10:30:00", answers="3"),
        tweet(1, "115", "@Acme Where is my parcel??", at="10:00:00", answers="2,5"),
        tweet(3, "115", "@Acme Number 77", 2, at="10:40:00"),
        tweet(4, "Acme", "We are hiring!", at="09:00:00"),
        tweet(5, "Other", "@115 Come to us", 1, at="10:45:00"),
        tweet(6, "116", "@Acme me too", 1, at="11:00:00"),
        tweet(7, "116", "@Acme nice", 4),
    )
    ticket, hindsight = tables["tickets"].iloc[0], tables["hindsight"].iloc[0]
    assert _ids(tables["tickets"]) == _ids(tables["hindsight"]) == ["t:1"]
    assert ticket["text"] == "@Acme Where is my parcel??"
    assert ticket["text_key"] == text_key("Where is my parcel")
    assert (ticket["source"], ticket["channel"], ticket["customer"]) == ("t", "twitter", "115")
    assert ticket["created_at"] == pd.Timestamp("2017-11-01 10:00", tz="UTC")
    assert ticket[["subject", "received_at", "tier"]].isna().all()
    assert (hindsight["brand"], hindsight["first_reply"]) == ("Acme", "@115 Sorry! Which order?")
    assert (hindsight["minutes_to_reply"], hindsight["turns"]) == (30, 5)
    assert hindsight["last_customer_message"] == "@Acme Number 77"  # the other customer is not this one
    assert (receipt["tickets"], receipt["opened_by_agents"], receipt["rows"]) == (1, 1, 7)
    assert tables["gold"].empty


def test_first_and_last_are_by_time_then_by_row(tmp_path: Path) -> None:
    tables, _ = land(
        tmp_path,
        tweet(1, "115", "help", at="10:00:00"),
        tweet(2, "Late", "second", 1, at="10:02:00"),
        tweet(3, "Undated", "when?", 1, at=None),
        tweet(4, "Early", "first", 1, at="10:01:00"),
        tweet(5, "AlsoEarly", "too", 1, at="10:01:00"),
        tweet(6, "115", "last", 5, at="10:09:00"),
        tweet(7, "115", "not last", 5, at="10:08:00"),
        tweet(8, "115", "undated", 5, at=None),
    )
    assert tables["hindsight"].loc[0, ["brand", "last_customer_message"]].tolist() == ["Early", "last"]


def test_what_did_not_happen_is_missing(tmp_path: Path) -> None:
    tables, _ = land(
        tmp_path,
        tweet(1, "115", "nobody answers"),
        tweet(2, "116", "answered before it was asked", at="10:00:00"),
        tweet(3, "Acme", "clock is wrong", 2, at="09:59:00"),
        tweet(4, "117", "no date", at="some time"),
        tweet(5, "Acme", "anyway", 4),
    )
    hindsight = tables["hindsight"]
    assert hindsight["brand"].fillna("-").tolist() == ["-", "Acme", "Acme"]
    assert hindsight["minutes_to_reply"].isna().all()
    assert hindsight["last_customer_message"].isna().all()
    assert hindsight["turns"].tolist() == [1, 2, 2]


def test_earlier_tickets_are_counted_strictly(tmp_path: Path) -> None:
    tables, _ = land(
        tmp_path,
        tweet(1, "115", "third", at="12:00:00"),
        tweet(2, "115", "first", at="10:00:00"),
        tweet(3, "115", "first too", at="10:00:00"),
        tweet(4, "116", "someone else", at="13:00:00"),
        tweet(5, "115", "a reply is no ticket", 4, at="10:30:00"),
    )
    assert tables["tickets"]["earlier_tickets"].tolist() == [2, 0, 0, 0]


def test_texts_are_kept_as_they_are(tmp_path: Path) -> None:
    texts = [
        "two\nlines and\r\nmore",
        "lone\rreturn",
        "&lt;b&gt; &amp; friends",
        "donâ€™t “worry” 😡",
        'say ""please""',
        "NA",
        "  spaces  ",
    ]
    tables, receipt = land(tmp_path, *[tweet(number, "115", text) for number, text in enumerate(texts)])
    assert tables["tickets"]["text"].tolist() == texts == tables["raw"]["text"].tolist()
    assert tables["tickets"]["text_key"].tolist() == [text_key(text) for text in texts]
    assert receipt["broken_rows"] == 0


def test_a_lone_return_without_quotes(tmp_path: Path) -> None:
    tables, _ = land(
        tmp_path, "1,115,True,Wed Nov 01 10:00:00 +0000 2017,lone\rreturn,,", tweet(2, "115", "x")
    )
    assert tables["tickets"]["text"].tolist() == ["lone\rreturn", "x"]


def test_ids_as_floats(tmp_path: Path) -> None:
    tables, receipt = land(
        tmp_path,
        tweet("3.0", "115", "help", answers="4.0,5.0"),
        tweet(4, "Acme", "hello", "3.0"),
        tweet("5", "Acme", "?", 3),
    )
    assert _ids(tables["tickets"]) == ["t:3"]
    assert tables["hindsight"].loc[0, "turns"] == 3
    assert tables["raw"]["tweet_id"].tolist() == ["3.0", "4", "5"]
    assert receipt["unreadable_ids"] == 0


def test_missing_parents_circles_and_repeated_ids_are_counted(tmp_path: Path) -> None:
    tables, receipt = land(
        tmp_path,
        tweet(1, "115", "help"),
        tweet(2, "115", "reply to what is not here", 99),
        tweet(3, "Acme", "and its answer", 2),
        tweet(4, "115", "circle", 5),
        tweet(5, "Acme", "circle", 4),
        tweet(1, "116", "a second first"),
        tweet("x1", "116", "no number"),
    )
    assert tables["tickets"]["text"].tolist() == ["help"]
    assert tables["tickets"]["text_key"].tolist() == [text_key("help")]
    counted = {
        "missing_parents": 1,
        "in_reply_cycles": 2,
        "in_no_conversation": 4,
        "duplicate_ids": 1,
        "unreadable_ids": 1,
    }
    assert {name: receipt[name] for name in counted} == counted
    assert len(tables["raw"]) == receipt["rows"] == 7


def test_blank_rows_missing_texts_dates_and_directions_are_counted(tmp_path: Path) -> None:
    tables, receipt = land(
        tmp_path,
        tweet(1, "115", "help", at="no date"),
        ",,,,,,",
        "",
        tweet(2, "115", None),
        tweet(3, "115", "whose?", inbound="maybe"),
        tweet(4, "Acme", "sorry", 1, inbound="false"),
        tweet(5, "116", "hello", inbound="TRUE", at=None),
    )
    assert _ids(tables["tickets"]) == ["t:1", "t:5"]
    assert tables["tickets"]["created_at"].isna().all()
    assert tables["tickets"]["earlier_tickets"].isna().all()
    counted = {"blank_rows": 2, "unparsable_dates": 1, "openers_without_text": 1, "unreadable_inbound": 1}
    assert {name: receipt[name] for name in counted} == counted
    assert len(tables["raw"]) == 5


def test_columns_may_come_in_any_order_and_with_others(tmp_path: Path) -> None:
    header = "extra," + ",".join(reversed(HEADER.split(",")))
    tables, _ = land(tmp_path, "x,,,help,Wed Nov 01 10:00:00 +0000 2017,True,115,1", header=header)
    assert tables["tickets"]["text"].tolist() == ["help"]
    assert tables["raw"]["extra"].tolist() == ["x"]


def test_a_file_without_header_or_without_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        TriageError, match="has no header: its first line must name the columns tweet_id, author_id"
    ):
        land(tmp_path, tweet(2, "115", "more"), header=tweet(1, "115", "help"))
    with pytest.raises(TriageError, match="has no column inbound, text; it needs tweet_id"):
        land(
            tmp_path, tweet(1, "115", "help"), header=HEADER.replace("inbound", "in").replace("text", "body")
        )


def test_a_file_without_a_ticket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TriageError, match="source 't' holds no ticket"):
        land(tmp_path, tweet(1, "Acme", "We are hiring!"))
