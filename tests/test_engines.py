import time

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ticket_triage.feedback import engines
from ticket_triage.files import TriageError


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://a@b/c", "DATABASE_URL is of mysql"),
        ("user:word@host", "DATABASE_URL is not an address"),
        ("nonsense", "DATABASE_URL is not an address"),
        ("sqlite:///decisions.db", "by its whole path"),
    ],
)
def test_an_address_that_is_none_is_said_without_its_password(url, said):
    with pytest.raises(TriageError, match=said) as raised:
        engines.make(url, 1)
    assert url not in str(raised.value).replace("postgresql://user:word@host", "")


def test_what_only_reads_waits_for_no_writer(tmp_path):
    engine = engines.make(f"sqlite:///{tmp_path}/a.db", 0.1)
    with engine.connect() as writer, writer.begin():
        with engine.connect().execution_options(**{engines.READS: True}) as reader, reader.begin():
            assert reader.scalar(sa.select(1)) == 1
        with engine.connect() as other, pytest.raises(DBAPIError, match="locked"), other.begin():
            pass
    engine.dispose()


def test_a_line_is_cut_when_its_time_is_over(postgres):
    engine = engines.make(postgres.database("engines"), 1)
    began = time.monotonic()
    with engine.connect() as connection, engines.deadline(connection, 0.3), pytest.raises(DBAPIError):
        connection.execute(sa.text("SELECT pg_sleep(20)"))
    assert time.monotonic() - began < 10
    engine.dispose()
