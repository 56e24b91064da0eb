import pytest
from decision_records import correction, decision
from typer.testing import CliRunner

from ticket_triage.cli import app
from ticket_triage.feedback import pseudonym, records, rejected
from ticket_triage.feedback.database import Database
from ticket_triage.feedback.tables import AUDIT


def run(*words: str, input: str | None = None):
    return CliRunner().invoke(app, ["decisions", *words], input=input)


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKET_TRIAGE_STATE", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path


@pytest.fixture
def database(state):
    assert run("migrate").exit_code == 0
    one = Database(f"sqlite:///{state}/decisions.db")
    yield one
    one.close()


def test_a_decision_is_printed_with_its_corrections_and_all_are_counted(database):
    one = decision()
    said = correction(one.prediction_id)
    database.store([one, said])
    done = run("read", one.prediction_id)
    assert done.stdout.splitlines() == [one.model_dump_json(), said.model_dump_json()]
    assert run("state").stdout.splitlines() == [
        "decisions: 1",
        "corrections: 1",
        "audit: 1",
        "waiting on this machine: 0 bytes",
    ]


def test_old_decisions_go(database):
    database.store([decision(), decision(at="2999-01-01T00:00:00Z")])
    done = run("retain", "--days", "1", "--by", "ann")
    assert "1 decisions older than 1 days are deleted" in done.stderr
    assert database.counts() == {"decisions": 1, "corrections": 0, "audit": 1}


@pytest.mark.parametrize("how", ["c-1", "-"])
def test_a_customer_is_forgotten_by_the_name_that_applications_use(database, state, how):
    hashed = pseudonym.maker(state)("c-1")
    database.store([decision(customer=hashed), decision(customer="another")])
    done = run("forget", "--customer", how, input="c-1\n")
    assert "1 decisions are deleted" in done.stderr and hashed in done.stderr
    assert database.counts()["decisions"] == 1


def test_what_was_set_aside_goes_too(database, state):
    (state / "spool").mkdir()
    hashed = pseudonym.maker(state)("c-1")
    stored = decision(customer=hashed)
    database.store([stored])
    new = {"at": "2999-01-01T00:00:00Z"}
    aside = [
        decision(customer=hashed, **new),
        correction(stored.prediction_id, **new),
        decision(),
        decision(**new),
    ]
    for record in aside:
        rejected.add(state / "spool", records.line_of(record))
    assert run("forget", "--customer", "c-1").exit_code == 0
    assert run("retain", "--days", "1").exit_code == 0
    (left,) = (state / "spool" / rejected.FILE).read_bytes().splitlines()
    assert records.parse(left) == aside[3]
    with database.engine.connect() as connection:
        details = [row.detail for row in connection.execute(AUDIT.select().order_by(AUDIT.c.number))]
    assert [one["rejected"] for one in details if "rejected" in one] == [2, 1]


def test_what_is_missing_is_said_in_one_sentence(state, monkeypatch):
    def said(done):
        assert done.exit_code == 1 and len(done.stderr.splitlines()) == 1
        return done.stderr

    assert "there is no decision log at" in said(run("read", "x"))
    assert "there is no salt at" in said(run("forget", "--customer", "c"))
    assert list(state.iterdir()) == []
    assert run("migrate").exit_code == 0
    assert "there is no decision x" in said(run("read", "x"))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/none")
    sentence = said(run("state"))
    assert "the database of the decision log fails: " in sentence and "secret" not in sentence


def test_help_says_what_each_does():
    assert "--days 365" in run("retain", "--help").stdout
    for name in ("state", "read", "retain", "forget", "migrate"):
        assert name in run("--help").stdout
