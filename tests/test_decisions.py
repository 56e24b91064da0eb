import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from decision_records import correction, decision

from ticket_triage.feedback import decisions, records
from ticket_triage.feedback.database import Database
from ticket_triage.feedback.decisions import DecisionLog
from ticket_triage.feedback.records import Decision
from ticket_triage.feedback.tables import DECISIONS
from ticket_triage.files import TriageError

# Appends decisions named by number and says each that was taken, until it is killed or told to end.
WORKER = """
import sys, time
sys.path.insert(0, sys.argv[4])
from pathlib import Path
from decision_records import decision
from ticket_triage.feedback.decisions import DecisionLog
log = DecisionLog(Path(sys.argv[1]), sys.argv[2], timeout=1)
for number in range(int(sys.argv[5])):
    one = decision(prediction_id=f"{sys.argv[3]}{number:05d}")
    log.append(one)
    print(one.prediction_id, flush=True)
    time.sleep(0.002)
log.close()
"""


def worker(folder, url, name, count=100_000):
    command = [sys.executable, "-c", WORKER, str(folder), url, name, str(Path(__file__).parent), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait(what, seconds=30.0):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def stored(url):
    """Prediction ids in the order in which they were stored."""
    database = Database(url)
    with database.engine.connect() as connection:
        found = (
            connection.execute(sa.select(DECISIONS.c.prediction_id).order_by(DECISIONS.c.number))
            .scalars()
            .all()
        )
    database.close()
    return list(found)


@pytest.fixture
def log(database_url, tmp_path):
    one = DecisionLog(tmp_path / "state", database_url, timeout=1)
    yield one
    one.close()


def test_records_are_on_the_disk_at_once_and_in_the_database_soon(log, tmp_path, database_url):
    many = [decision() for _ in range(450)]
    for one in many:
        log.append(one)
    said = [correction(many[7].prediction_id) for _ in range(2)]
    for one in said:
        log.append(one)
    assert log.read(many[-1].prediction_id) == many[-1] and log.read("none") is None
    assert log.told(many[7].prediction_id)[:2] == (many[7], said) and log.told("none") is None
    wait(lambda: log.state()["waiting"] == 0)
    assert stored(database_url) == [one.prediction_id for one in many]
    assert log.read(many[-1].prediction_id) == many[-1] and log.read("none") is None
    assert log.told(many[7].prediction_id) == (many[7], said, True) and log.told("none") is None
    kind = database_url.partition(":")[0]
    assert log.state() == {
        "database": kind, "breaker": "closed", "waiting": 0, "bytes": 0, "stored": 452, "rejected": 0,
    }  # fmt: skip


def test_what_is_left_when_a_process_ends_is_stored(tmp_path, database_url):
    log = DecisionLog(tmp_path, database_url)
    many = [decision() for _ in range(50)]
    for one in many:
        log.append(one)
    log.close()
    assert stored(database_url) == [one.prediction_id for one in many]
    assert not list((tmp_path / "spool").iterdir())


def test_what_cannot_be_stored_is_put_aside_and_holds_up_nothing(log, tmp_path, database_url):
    good = [decision(), decision()]
    log.append(good[0])
    log.spool.append(b"no json")
    log.spool.append(b'{"decision": {"prediction_id": "x"}}')
    log.spool.append(b'{"rumour": {}}')
    log.append(good[1])
    wait(lambda: log.state()["waiting"] == 0)
    assert stored(database_url) == [one.prediction_id for one in good]
    assert log.state()["rejected"] == 3
    assert len((tmp_path / "state/spool/rejected.jsonl").read_bytes().splitlines()) == 3


def test_a_record_that_postgresql_refuses_holds_up_nothing(postgres, tmp_path):
    url = postgres.database("odd")
    log = DecisionLog(tmp_path, url)
    odd, good = decision(request_id="\x00"), decision()
    log.append(odd)
    log.append(good)
    wait(lambda: log.state()["waiting"] == 0)
    assert stored(url) == [good.prediction_id]
    (line,) = (tmp_path / "spool/rejected.jsonl").read_bytes().splitlines()
    assert records.parse(line) == odd
    log.close()


def test_the_log_begins_without_its_database_and_says_what_it_cannot_know(tmp_path):
    log = DecisionLog(tmp_path, "postgresql://nobody@127.0.0.1:1/none", timeout=1)
    one = decision()
    log.append(one)
    wait(lambda: log.state()["breaker"] != "closed")
    assert log.read(one.prediction_id) == one
    with pytest.raises(TriageError, match="the database does not answer"):
        log.read("none")
    with pytest.raises(TriageError, match="the database does not answer"):
        log.told("none")
    said = correction(one.prediction_id)
    log.append(said)
    assert log.told(one.prediction_id) == (one, [said], False)
    assert log.state()["waiting"] == 2
    log.close()
    idle = DecisionLog(tmp_path / "idle", "postgresql://nobody@127.0.0.1:1/none", timeout=1)
    wait(lambda: idle.state()["breaker"] != "closed")
    idle.close()
    again = DecisionLog(tmp_path)
    wait(lambda: again.state()["stored"] == 2)
    assert again.told(one.prediction_id) == (one, [said], True)
    again.close()


def test_nobody_waits_for_long_while_the_tables_are_changed(tmp_path):
    log = DecisionLog(tmp_path, timeout=0.5)
    one = decision()
    with log._preparing:
        log._migrated = False  # as in a process that has just begun
        began = time.monotonic()
        with pytest.raises(TriageError, match="the database does not answer"):
            log.read("none")
        assert time.monotonic() - began < 5
        log.append(one)
        assert log.read(one.prediction_id) == one
    wait(lambda: log.state()["waiting"] == 0)
    log.close()


def test_decisions_that_are_too_old_go_by_themselves(tmp_path):
    log = DecisionLog(tmp_path)
    log.append(decision())
    log.close()
    url = f"sqlite:///{tmp_path}/decisions.db"
    assert len(stored(url)) == 1
    log = DecisionLog(tmp_path, retention_days=1)
    log.append(one := decision(at="2999-01-01T00:00:00Z"))
    wait(lambda: stored(url) == [one.prediction_id])
    log.close()


@pytest.mark.slow
def test_a_killed_worker_loses_nothing_and_another_takes_over(tmp_path, database_url, monkeypatch):
    monkeypatch.setattr(decisions, "ADOPT", 0.3)
    mine = DecisionLog(tmp_path, database_url, timeout=1)
    others = [worker(tmp_path, database_url, name) for name in "xy"]
    said = []
    for other in others:
        said += [other.stdout.readline().strip() for _ in range(100)]
    own = []
    for other in others:
        own.append(decision())
        mine.append(own[-1])
        other.kill()
        said += other.stdout.read().split()
        other.wait()
    wait(lambda: not list((tmp_path / "spool").glob("*.lock"))[1:])
    wait(lambda: mine.state()["waiting"] == 0)
    found = stored(database_url)
    assert len(found) == len(set(found))
    assert set(said) | {one.prediction_id for one in own} <= set(found)
    assert len(found) - len(said) - len(own) <= 2, "at most the one of each that was not yet told"
    for name in "xy":
        assert (ids := [one for one in found if one.startswith(name)]) == sorted(ids)
    mine.close()


@pytest.mark.slow
def test_a_database_that_is_killed_hangs_and_comes_back_lacks_nothing_and_has_nothing_twice(
    postgres, tmp_path
):
    url = postgres.database("chaos")
    process = worker(tmp_path, url, "z", 2000)

    def said(count):
        return [process.stdout.readline().strip() for _ in range(count)]

    acknowledged = said(300)  # stored meanwhile
    for _ in range(2):
        postgres.kill()
        acknowledged += said(200)
        postgres.start()
        acknowledged += said(200)
    postgres.send(signal.SIGSTOP)
    began = time.monotonic()
    acknowledged += said(300)
    assert time.monotonic() - began < 5, "nobody waits for it"
    time.sleep(1.5)
    postgres.send(signal.SIGCONT)
    acknowledged += process.stdout.read().split()
    assert process.wait(60) == 0 and len(acknowledged) == 2000
    rest = DecisionLog(tmp_path, url)  # where the last try of the worker was too early
    wait(lambda: rest.spool.size() == 0)
    rest.close()
    assert stored(url) == acknowledged, "each once, in their order"


def test_a_line_is_a_record_and_back():
    one = decision()
    line = records.line_of(one)
    assert b"\n" not in line and set(json.loads(line)) == {"decision"}
    back = records.parse(line)
    assert isinstance(back, Decision) and back == one


def test_an_override_that_was_stored_before_anybody_asked_is_told_then(tmp_path):
    log = DecisionLog(tmp_path)
    try:
        one = decision()
        log.append(one)
        log.append(correction(one.prediction_id, category="another label"))
        end = time.monotonic() + 10
        while log.state()["stored"] < 2:
            assert time.monotonic() < end
            time.sleep(0.02)
        told: list[str] = []
        log.tell(lambda overridden: told.append(overridden.prediction_id))
        assert told == [one.prediction_id]
    finally:
        log.close()
