"""A row's features say what the text holds, depend on that row alone, and hold no personal data."""

import random
import time

import numpy as np
import pandas as pd
import pytest
from vaderSentiment.vaderSentiment import (
    BOOSTER_DICT,
    NEGATE,
    SPECIAL_CASES,
    SentimentIntensityAnalyzer,
)

from ticket_triage import features
from ticket_triage.features import CALENDAR, CATEGORICAL, DESCRIPTIONS, NUMERIC, TEXT
from ticket_triage.features.sentiment import compound

TEXTS = [
    "@ShopCare Hi there, my order #44110098 is STILL not here!! Third time I ask 😡😡 https://t.co/abc #fail",
    "No puedo entrar en mi cuenta, la contraseña no funciona y nadie me contesta en el chat",
    "Le colis n'est toujours pas arrivé, pouvez-vous me dire où il se trouve s'il vous plaît ?",
    "荷物がまだ届きません。いつ届きますか？",
    "Could you refund the $1,299.50 for flight BA2490? error 0x80070005 on my iphone",
    "Great crew, thank you so much, we love it!",
    "@115858",
    "",
    "\x00\ud83d",
    "mail jane@example.com or call 212-555-0199",
]


def _tickets() -> pd.DataFrame:
    moments = pd.to_datetime(["2017-10-31T22:10:47Z", "2017-12-01T10:00:00Z", None] * 4, utc=True)[
        : len(TEXTS)
    ]
    rows = [f"row {place}" for place in range(len(TEXTS))]
    return pd.DataFrame(
        {
            "ticket_id": [f"test:{place}" for place in range(len(TEXTS))],
            "text": pd.Series(TEXTS, dtype="object", index=rows),
            "subject": ["Where is it", None] * 5,
            "created_at": moments,
            "received_at": moments + pd.Timedelta(hours=3),
            "channel": ["Email", None] * 5,
            "tier": [None] * 9 + [" Gold "],
            "earlier_tickets": pd.array([2, None] * 5, dtype="Int32"),
        },
        index=rows,
    )


def _one(text: str, **columns: object) -> pd.Series:
    frame = pd.DataFrame(
        {"text": pd.Series([text], dtype="object"), **{name: [value] for name, value in columns.items()}}
    )
    return features.build(frame, calendar=True).iloc[0]


@pytest.mark.parametrize("calendar", [False, True])
def test_shape(calendar: bool) -> None:
    tickets = _tickets()
    table = features.build(tickets, calendar=calendar)
    assert list(table.columns) == [TEXT, *NUMERIC, *CATEGORICAL, *(CALENDAR if calendar else ())]
    assert table.index.equals(tickets.index)
    for name in table.columns:
        assert str(table[name].dtype) == ("str" if name in (TEXT, *CATEGORICAL) else "float32"), name
    assert not table[[TEXT, *CATEGORICAL]].isna().any(axis=None)
    assert set(DESCRIPTIONS) == {TEXT, *NUMERIC, *CATEGORICAL, *CALENDAR}


def test_text_alone_is_enough_and_no_rows_are_fine() -> None:
    table = features.build(pd.DataFrame({"text": pd.Series(TEXTS, dtype="object")}), calendar=True)
    assert len(table) == len(TEXTS)
    assert table[list(CALENDAR)].isna().all(axis=None)
    assert table["age_hours"].isna().all()
    assert set(table["channel"]) == set(table["tier"]) == {"unknown"}
    none = features.build(pd.DataFrame({"text": pd.Series([], dtype="str")}), calendar=True)
    assert len(none) == 0
    assert list(none.columns) == list(table.columns)
    assert (none.dtypes == table.dtypes).all()


def test_row_by_row() -> None:
    tickets = _tickets()
    before = tickets.copy(deep=True)
    whole = features.build(tickets, calendar=True)
    rows = [features.build(tickets.iloc[[place]], calendar=True) for place in range(len(tickets))]
    pd.testing.assert_frame_equal(pd.concat(rows), whole)
    turned = features.build(tickets.iloc[::-1], calendar=True).iloc[::-1]
    pd.testing.assert_frame_equal(turned, whole)
    pd.testing.assert_frame_equal(tickets, before)


def test_nothing_fails_on_missing_values() -> None:
    tickets = pd.DataFrame(
        {"text": [None, float("nan"), pd.NA, 3, "fine"], "subject": [None, 1, pd.NA, "a", ""]}
    )
    table = features.build(tickets.assign(created_at="not a date", earlier_tickets="x", channel=5))
    assert list(table[TEXT]) == ["", "", "", "a.", "fine"]
    assert set(table["channel"]) == {"unknown"}


def test_personal_data_is_in_no_feature() -> None:
    row = _one("mail jane@example.com or call 212-555-0199", subject="from joe@example.org")
    assert row[TEXT] == "from <email>. mail <email> or call <phone>"
    assert row["masked"] == 3
    assert row["digits_share"] == 0


def test_subject_comes_first_once() -> None:
    assert _one("it broke", subject="Printer")[TEXT] == "Printer. it broke"
    assert _one("Printer broke", subject="Printer")[TEXT] == "Printer broke"


def test_counts() -> None:
    row = _one(TEXTS[0])
    expected = {
        "exclamations": 2,
        "questions": 0,
        "emoji": 2,
        "urls": 1,
        "hashtags": 2,
        "handles": 1,
        "negations": 1,
        "repeat_contact": 2,
        "shouted_words": 1,
        "order_number": 1,
        "flight_number": 0,
        "masked": 0,
        "starts_with_question": 0,
    }
    assert {name: row[name] for name in expected} == expected
    assert row["sentiment"] < -0.3
    assert _one(TEXTS[5])["sentiment"] > 0.5
    assert _one("I need this now, it is URGENT, asap please")["urgency_words"] == 2


def test_entities() -> None:
    row = _one(TEXTS[4])
    assert row["amount"] == pytest.approx(np.log1p(1299.5))
    found = ["flight_number", "error_code", "product_words", "starts_with_question"]
    assert list(row[found]) == [1, 1, 1, 1]
    assert _one("costs 1.299,50 € or 20 dollars")["amount"] == pytest.approx(np.log1p(1299.5))
    plain = _one("nothing of the kind in 2017")
    assert list(plain[["order_number", "flight_number", "error_code", "amount"]]) == [0, 0, 0, 0]


def test_readability_is_the_published_formula() -> None:
    # 6 words, 34 letters, 2 sentences.
    assert _one("Parcels arrive late. Nobody ever answers.")["readability"] == pytest.approx(
        4.71 * 34 / 6 + 0.5 * 6 / 2 - 21.43, abs=1e-4
    )
    assert np.isnan(_one("")["readability"])


def test_sentiment_is_vaders() -> None:
    analyzer = SentimentIntensityAnalyzer()
    texts = [
        "I never thought this would be so good, without a doubt the best!!",
        "not really bad but the support was kind of useless and NOT helpful :(",
        "yeah right, great job losing my bag, the least helpful crew. This is the shit",
        "no good or nice answer, I am hardly happy 😭",
        "it was to die for",
    ]
    drawn, tones = random.Random(1), sorted(analyzer.lexicon)
    turns = [
        *BOOSTER_DICT,
        *NEGATE,
        *SPECIAL_CASES,
        *("but", "no", "nor", "so", "this", "least", "very", "doubt"),
    ]
    signs = [*("😭", "👍🏽", "!", "??", ":)", "the", "a"), *analyzer.emojis][:40]
    for _ in range(2_000):
        words = [drawn.choice(drawn.choice((tones, turns, signs))) for _ in range(drawn.randint(1, 9))]
        words = [word.upper() if drawn.random() < 0.1 else word for word in words]
        texts.append(("" if drawn.random() < 0.1 else " ").join(words))
    assert [compound(text) for text in texts] == [
        analyzer.polarity_scores(text)["compound"] for text in texts
    ]


@pytest.mark.parametrize(
    ("place", "language"),
    [(0, "en"), (1, "es"), (2, "fr"), (3, "ja"), (4, "en"), (6, "und"), (7, "und"), (8, "und")],
)
def test_language(place: int, language: str) -> None:
    assert _one(TEXTS[place])["language"] == language


def test_who_is_addressed() -> None:
    assert _one("hey .@ShopCare and @Other, why?")["addressed"] == "@shopcare"
    assert _one("@115858 why?")["addressed"] == "@115858"
    assert _one("mail me: jane@example.com")["addressed"] == "unknown"


def test_what_other_columns_say() -> None:
    table = features.build(_tickets())
    assert list(table["channel"].iloc[:2]) == ["email", "unknown"]
    assert table["tier"].iloc[-1] == "gold"
    assert list(table["earlier_tickets"].iloc[:2]) == [2, 0]
    assert list(table["age_hours"].iloc[:2]) == [3, 3]
    assert np.isnan(table["age_hours"].iloc[2])
    early = _one("x", created_at="2017-10-31T12:00:00Z", received_at="2017-10-31T11:00:00+00:00")
    assert early["age_hours"] == 0


def test_calendar() -> None:
    monday_noon = _one("x", created_at="2017-10-30T12:00:00Z")
    assert monday_noon["business_hours"] == 1
    assert monday_noon["hour_cosine"] == pytest.approx(-1)
    assert monday_noon["weekday_cosine"] == pytest.approx(1)
    same = _one("x", created_at="2017-10-30T14:00:00+02:00")
    assert list(same[list(CALENDAR)]) == list(monday_noon[list(CALENDAR)])
    assert _one("x", created_at="2017-10-29T12:00:00Z")["business_hours"] == 0


HOSTILE = [
    *("a" * 20_000, "(" * 50_000, "😀" * 100_000, "😀😁 but " * 3_000, "no but " * 3_000, "1" * 20_000),
    *(
        "error code " * 2_000,
        "$1," * 7_000,
        "order no " * 2_000,
        "AB-" * 7_000,
        "not good " * 2_000,
        "\0" * 20_000,
    ),
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:6]))
def test_hostile_text_takes_little_time(text: str) -> None:
    frame = pd.DataFrame({"text": [text]})
    features.build(frame.assign(text="warm"))

    def seconds() -> float:
        start = time.process_time()
        features.build(frame)
        return time.process_time() - start

    assert min(seconds() for _ in range(3)) < 0.05
