"""Dates in the forms that sources use; nothing is guessed."""

import numpy as np
import pyarrow as pa
import pytest

from ticket_triage.sources.dates import parse


def _parse(*texts: str | None) -> list[str]:
    return [
        str(time)
        for time in parse(pa.chunked_array([list(texts)], pa.large_string())).astype("datetime64[s]")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Tue Oct 31 22:10:47 +0000 2017",
        "Wed Nov 01 00:10:47 +0200 2017",
        "2017-10-31T22:10:47Z",
        "2017-10-31 22:10:47",
        " 2017-10-31 22:10:47.000+00:00 ",
        "2017/10/31 22:10:47",
        "20171031T221047",
        "Tue, 31 Oct 2017 22:10:47 +0000",
        "1509487847",
        "1509487847.0",
        "1509487847000",
    ],
)
def test_one_moment_in_many_forms(text: str) -> None:
    assert _parse(text) == ["2017-10-31T22:10:47"]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "yesterday",
        "now",
        "31/10/2017",
        "2017",
        "12",
        "Tue Oct 32 22:10:47 +0000 2017",
        "Wed Feb 29 22:10:47 +0000 2017",
        "Tue Xct 31 22:10:47 +0000 2017",
        "Tue Oct 31 24:10:47 +0000 2017",
        "Tue Oct 31 22:10:4x +0000 2017",
        "thirty characters but no date!",
    ],
)
def test_what_is_not_surely_a_date_is_missing(text: str | None) -> None:
    assert _parse(text, "2017-10-31") == ["NaT", "2017-10-31T00:00:00"]


def test_every_day_of_four_years_in_several_chunks() -> None:
    days = np.arange("2015-01-01T23:59:58", "2019-01-01", np.timedelta64(1, "D"), "datetime64[s]")
    texts = [day.item().strftime("%a %b %d %H:%M:%S +0000 %Y") for day in days]
    assert (parse(pa.chunked_array([texts[:700], [], texts[700:]], pa.large_string())) == days).all()


def test_no_rows() -> None:
    assert parse(pa.chunked_array([], pa.large_string())).size == 0
