"""The window that is compared with the champion's reference."""

import pandas as pd
import pytest

from ticket_triage.files import TriageError
from ticket_triage.monitoring.reference import told, window


def tickets(days: list[str | None]) -> pd.DataFrame:
    created = pd.to_datetime(pd.Series(days, dtype="str"), utc=True)
    return pd.DataFrame(
        {"ticket_id": [f"own:{number}" for number in range(len(days))], "created_at": created}
    )


def test_the_newest_days_in_their_order() -> None:
    table = tickets(["2017-10-20", "2017-10-01", None, "2017-10-14", "2017-10-06", "2017-10-07"])
    found = window(table, days=14, max_rows=10, seed=0)
    assert found["ticket_id"].tolist() == ["own:0", "own:3", "own:5"]
    assert list(found.index) == [0, 1, 2]


def test_more_than_enough_are_drawn_by_the_seed() -> None:
    table = tickets(["2017-10-20"] * 50)
    one, two = window(table, 14, 10, seed=1), window(table, 14, 10, seed=1)
    pd.testing.assert_frame_equal(one, two)
    assert len(one) == 10
    assert one["ticket_id"].tolist() != window(table, 14, 10, seed=2)["ticket_id"].tolist()
    places = one["ticket_id"].str.removeprefix("own:").astype(int)
    assert places.is_monotonic_increasing


def test_without_dates_the_last_are_the_newest() -> None:
    found = window(tickets([None] * 5), days=14, max_rows=2, seed=0)
    assert found["ticket_id"].tolist() == ["own:3", "own:4"]
    assert "no ticket has a date" in told(tickets([None] * 5), days=14)
    assert told(tickets(["2017-10-20", None]), days=14) == "the 14 days before the newest"


def test_no_tickets_are_told() -> None:
    with pytest.raises(TriageError, match="no tickets"):
        window(tickets([]), 14, 10, 0)
