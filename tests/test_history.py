"""Earlier tickets of the same customer: strictly earlier ones, or missing where that cannot be known."""

import numpy as np
import pyarrow as pa

from ticket_triage.sources.history import earlier_tickets


def test_only_strictly_earlier_ones_of_the_same_customer_count() -> None:
    customers = ["ann", "bob", "ann", "ann", "ann", None, "bob"]
    days = ["03", "01", "01", "03", "04", "01", None]
    times = np.array([f"2017-11-{day}" if day else "NaT" for day in days], "datetime64[us]")
    found = earlier_tickets(pa.chunked_array([customers[:3], customers[3:]]), times)
    assert found.to_pylist() == [1, 0, 0, 1, 3, None, None]
    assert found.type == pa.int32()


def test_the_order_of_rows_does_not_matter() -> None:
    draw = np.random.default_rng(0)
    customers = draw.integers(0, 20, 300).astype(str)
    times = np.datetime64("2017-11-01", "us") + draw.integers(0, 50, 300).astype("timedelta64[h]")
    found = earlier_tickets(pa.array(customers.tolist()), times).to_pylist()
    pairs = zip(customers, times, strict=True)
    assert found == [int(((customers == customer) & (times < time)).sum()) for customer, time in pairs]


def test_no_tickets() -> None:
    assert earlier_tickets(pa.array([], pa.string()), np.array([], "datetime64[us]")).to_pylist() == []
