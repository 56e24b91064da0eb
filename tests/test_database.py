import threading
import time
import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
from decision_records import AT, correction, decision
from sqlalchemy.exc import DBAPIError

from ticket_triage.feedback.database import Database
from ticket_triage.feedback.tables import AUDIT, CORRECTIONS, DECISIONS, META


@pytest.fixture
def database(database_url):
    one = Database(database_url)
    one.migrate()
    yield one
    one.close()


def test_records_come_back_as_they_were_kept(database):
    one = decision(caller="shop", request_id="r", customer="h", cached=True, variant="challenger")
    other = decision(at=AT.astimezone(tz=None), degraded=True)
    first, second = correction(one.prediction_id, by="ann", note="no"), correction(one.prediction_id)
    database.store([one, first, other, second])
    assert database.decision(one.prediction_id) == one
    assert database.decision(one.prediction_id).model_dump_json() == one.model_dump_json()
    assert database.decision(other.prediction_id) == other
    assert database.decision("none") is None
    assert database.corrections(one.prediction_id) == [first, second]
    assert database.corrections(other.prediction_id) == []


def test_what_is_stored_again_stays_once_and_as_it_was(database):
    one = decision()
    said = correction(one.prediction_id)
    later = one.model_copy(update={"latency_ms": 9.0})
    for _ in range(2):
        database.store([one, said, later])
    assert database.counts() == {"decisions": 1, "corrections": 1, "audit": 1}
    assert database.decision(one.prediction_id).latency_ms == 7.125


def test_a_file_of_sqlite_is_its_owners_alone(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/state/decisions.db")
    database.migrate()
    database.store([decision()])
    files = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "state").glob("decisions.db*")}
    files.pop("decisions.db.lock")  # which is empty
    assert files == dict.fromkeys(("decisions.db", "decisions.db-wal", "decisions.db-shm"), 0o600)
    database.close()


def test_sqlite_lets_others_read_while_one_writes(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/state/decisions.db", timeout=0.2)
    database.migrate()
    one = decision()
    database.store([one])
    with database.transaction(5) as connection:
        connection.execute(sa.delete(DECISIONS))
        assert database.decision(one.prediction_id) == one
        with pytest.raises(DBAPIError, match="locked"):
            database.store([decision()])


def test_an_answer_and_its_shadow_may_have_one_id(database):
    one = decision()
    shadow = one.model_copy(update={"shadow": True, "variant": "challenger"})
    database.store([shadow, one])
    assert database.counts()["decisions"] == 2
    assert database.decision(one.prediction_id) == one


def test_several_may_migrate_at_once_and_it_is_done_once(database_url):
    failed = []

    def migrate():
        try:
            one = Database(database_url)
            one.migrate()
            one.store([decision()])
            one.close()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert Database(database_url).counts()["decisions"] == 4


def test_the_tables_are_those_of_the_newest_migration(database):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), META) == []


def test_a_database_of_a_newer_release_is_left_as_it_is(database):
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.migrate()
    database.store([decision()])


def test_corrections_and_the_audit_cannot_be_rewritten(database):
    one = decision()
    database.store([one, correction(one.prediction_id)])
    for statement in (
        sa.update(CORRECTIONS).values(note="x"),
        sa.update(AUDIT).values(by="x"),
        sa.delete(AUDIT),
    ):
        with pytest.raises(DBAPIError, match="are only added"), database.engine.begin() as connection:
            connection.execute(statement)


def test_storing_is_whole_or_not_at_all(database):
    def broken(connection):
        connection.execute(sa.insert(AUDIT).values(audit_id="a", at=AT, action="forget", detail={}))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.run(broken)
    assert database.counts()["audit"] == 0


def test_a_time_is_kept_in_its_order_whatever_its_zone(database):
    times = [AT + timedelta(hours=hour) for hour in range(3)]
    database.store([decision(at=at) for at in reversed(times)])
    with database.engine.connect() as connection:
        found = connection.execute(sa.select(DECISIONS.c.at).order_by(DECISIONS.c.at)).scalars().all()
    assert found == times and all(at.tzinfo for at in found)


def test_a_record_that_no_database_takes_is_given_back_and_the_others_are_kept(postgres):
    database = Database(postgres.database(uuid.uuid4().hex))
    database.migrate()
    odd = decision(request_id="a\x00b")
    assert database.store([decision(), odd, decision()]) == [odd]
    assert database.counts()["decisions"] == 2


@pytest.mark.slow
def test_a_server_that_hangs_costs_the_time_out_and_one_that_comes_back_is_used_again(postgres):
    import signal

    database = Database(postgres.database(uuid.uuid4().hex), timeout=1)
    database.migrate()
    one = decision()
    database.store([one])
    postgres.send(signal.SIGSTOP)
    try:
        for _ in range(2):  # on a line that was there, and for a new one
            began = time.monotonic()
            with pytest.raises(DBAPIError):
                database.decision(one.prediction_id)
            assert time.monotonic() - began < 6
    finally:
        postgres.send(signal.SIGCONT)
    assert database.decision(one.prediction_id) == one
    postgres.kill()
    with pytest.raises(DBAPIError):
        database.decision(one.prediction_id)
    postgres.start()
    assert database.decision(one.prediction_id) == one
