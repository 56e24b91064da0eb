from datetime import timedelta

import pytest
import sqlalchemy as sa
from decision_records import AT, correction, decision

from ticket_triage.feedback import retention
from ticket_triage.feedback.database import Database
from ticket_triage.feedback.tables import AUDIT
from ticket_triage.files import TriageError


@pytest.fixture
def database(database_url):
    one = Database(database_url)
    one.migrate()
    yield one
    one.close()


def audit(database):
    with database.engine.connect() as connection:
        rows = connection.execute(
            sa.select(AUDIT).where(AUDIT.c.action != "correct").order_by(AUDIT.c.number)
        )
        return [(row.action, row.by, row.customer, row.detail) for row in rows]


def test_what_is_too_old_goes_with_its_corrections_in_steps(database, monkeypatch):
    monkeypatch.setattr(retention, "STEP", 2)
    old = [decision(at=AT - timedelta(days=day)) for day in (31, 32, 33)]
    young = decision(at=AT - timedelta(days=29))
    said = [correction(one.prediction_id) for one in (*old, young)]
    database.store([*old, young, *said])
    assert retention.expire(database, 30, by="ann", now=AT) == 3
    assert database.decision(young.prediction_id) == young
    assert database.corrections(young.prediction_id) == said[-1:]
    assert database.corrections(old[0].prediction_id) == []
    before = (AT - timedelta(days=30)).isoformat()
    rows = [("expire", "ann", None, {"before": before, "decisions": count}) for count in (2, 1)]
    assert audit(database) == rows
    assert retention.expire(database, 30, now=AT) == 0 and audit(database) == rows
    with pytest.raises(TriageError, match="0 days or more"):
        retention.expire(database, -1)


def test_what_was_said_of_no_decision_goes_in_time_too(database):
    kept = decision(at=AT - timedelta(days=1))
    lone, young, said = (
        correction("0" * 32, at=AT - timedelta(days=40)),
        correction("0" * 32, at=AT),
        correction(kept.prediction_id, at=AT - timedelta(days=40)),
    )
    database.store([kept, lone, young, said])
    assert retention.expire(database, 30, now=AT) == 0
    assert database.corrections("0" * 32) == [young] and database.corrections(kept.prediction_id) == [said]
    before = (AT - timedelta(days=30)).isoformat()
    assert audit(database) == [("expire", None, None, {"before": before, "corrections": 1})]
    assert retention.expire(database, 30, now=AT) == 0 and len(audit(database)) == 1


def test_a_customer_is_forgotten_and_what_still_waited_is_not_stored(database):
    gone, other = decision(customer="h1"), decision(customer="h2")
    waiting, later = decision(customer="h1"), decision(customer="h1", at=AT + timedelta(days=365 * 200))
    database.store([gone, other, correction(gone.prediction_id)])
    assert retention.forget(database, "h1", by="ann") == 1
    database.store([waiting, later, other])
    found = [database.decision(one.prediction_id) for one in (gone, other, waiting, later)]
    assert found == [None, other, None, later]
    assert database.corrections(gone.prediction_id) == []
    assert audit(database) == [("forget", "ann", "h1", {"decisions": count}) for count in (0, 1)]
