"""One ticket alone gets what it gets among others, whatever it says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest
import small_model
from hypothesis import given, settings
from hypothesis import strategies as st

from ticket_triage import features
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.schema import TICKET_DTYPES

TEXTS = [
    *small_model.tickets(40, seed=31)["text"],
    *(
        "",
        " ",
        "?",
        "😀",
        "😀😀 refund 👍🏽 !!!",
        "a",
        "<b>",
        "&amp;",
        "0",
        "REFUND MY CARD NOW",
        "@brand @other late",
    ),
    *(
        "¿Dónde está mi paquete?",
        "où est ma commande ? je suis très déçu",
        "注文はどこですか",
        "طلبي متأخر",
    ),
    *(
        "charged twice " * 400,
        "word" * 3000,
        "my order 4411 of $20,000.50 by ann@example.org",
        "line\nline\ttab\x00",
    ),
]
TICKETS: list[dict[str, Any]] = [
    *({"text": text} for text in TEXTS),
    {"text": "it is late", "subject": "Refund"},
    {"text": "Refund it", "subject": "  Refund "},
    {"text": "late", "channel": " E-Mail ", "tier": "GOLD", "customer": "c1", "earlier_tickets": 3},
    {"text": "late", "channel": "", "tier": "x" * 90, "earlier_tickets": 0},
    {
        "text": "late",
        "created_at": datetime(2024, 2, 29, 10, 0, 0, 123457, timezone(timedelta(hours=5, minutes=30))),
        "received_at": datetime(2024, 3, 1, 23, 59, 59, 999999, UTC),
    },
    {
        "text": "early",
        "created_at": datetime(2024, 2, 29, tzinfo=UTC),
        "received_at": datetime(2023, 1, 1, tzinfo=UTC),
    },
    {"text": "late", "created_at": datetime(2024, 2, 29, tzinfo=UTC)},
]
LOOSE = st.text(max_size=60) | st.lists(
    st.sampled_from(
        [*" ".join(small_model.WORDS.values()).split(), "😀", "?", "not", "#Late", "https://x.co/1"]
    ),
    max_size=12,
).map(" ".join)


def together(model: TriageModel, tickets: list[dict[str, Any]], reasons: int = 4) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(name for ticket in tickets for name in ticket))
    frame = pd.DataFrame(
        {name: pd.Series([one.get(name) for one in tickets], dtype=TICKET_DTYPES[name]) for name in names}
    )
    return model.predict(frame, reasons=reasons).to_dict("records")


def compare(model: TriageModel, tickets: list[dict[str, Any]]) -> None:
    for ticket, wanted in zip(tickets, together(model, tickets), strict=True):
        found = model.single.answer(ticket, 4)
        assert set(found) == set(wanted)
        for name, value in wanted.items():
            close = name.endswith("_confidence")
            assert found[name] == (pytest.approx(value, abs=1e-12, nan_ok=True) if close else value), (
                ticket,
                name,
            )


def test_alone_as_together(model: TriageModel) -> None:
    compare(model, TICKETS)


@settings(max_examples=15)
@given(st.lists(LOOSE, min_size=1, max_size=4))
def test_alone_as_together_whatever_is_said(model: TriageModel, texts: list[str]) -> None:
    compare(model, [{"text": text} for text in texts])


@pytest.mark.parametrize("calendar", [False, True])
def test_the_row_of_features_is_that_of_the_table(calendar: bool) -> None:
    names = list(dict.fromkeys(name for ticket in TICKETS for name in ticket))
    frame = pd.DataFrame(
        {name: pd.Series([one.get(name) for one in TICKETS], dtype=TICKET_DTYPES[name]) for name in names}
    )
    table = features.build(frame, calendar=calendar)
    numeric = [*features.NUMERIC, *(features.CALENDAR if calendar else ())]
    for ticket, (_, row) in zip(TICKETS, table.iterrows(), strict=True):
        found = features.one(ticket, calendar=calendar)
        assert found.text == row[features.TEXT]
        assert list(found.categorical) == row[list(features.CATEGORICAL)].tolist()
        wanted = row[numeric].to_numpy(dtype="float32")
        assert found.numeric.dtype == wanted.dtype
        assert found.numeric.tobytes() == wanted.tobytes() or pd.Series(found.numeric).equals(
            pd.Series(wanted)
        )


def test_a_model_of_one_task_and_one_member_answers_too(model: TriageModel) -> None:
    head = model.heads["priority"]
    for family in ("naive_bayes", "encoder"):
        voters = tuple(voter for voter in head.voters if voter.family == family)
        alone = replace(model, heads={"priority": head.model_copy(update={"voters": voters})})
        compare(alone, TICKETS[:5])
