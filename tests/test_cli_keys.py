from typer.testing import CliRunner

from ticket_triage.cli import app
from ticket_triage.serving.api_keys import KeyRing


def run(*words: str):
    return CliRunner().invoke(app, ["keys", *words])


def test_a_key_is_made_named_and_revoked(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKET_TRIAGE_STATE", str(tmp_path))
    made = run("add", "desk", "--role", "review", "--rate", "5")
    key = made.stdout.strip()
    assert made.exit_code == 0 and key.startswith("tt_") and "not shown again" in made.stderr
    assert KeyRing(tmp_path / "keys.json").holder(key).role == "review"
    assert "desk: review, 5 a second" in run("list").stdout and key not in run("list").stdout
    assert run("revoke", "desk").exit_code == 0
    assert "revoked" in run("list").stdout
    assert KeyRing(tmp_path / "keys.json").holder(key) is None


def test_what_goes_wrong_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKET_TRIAGE_STATE", str(tmp_path))
    for words in (("add", "desk", "--role", "boss"), ("revoke", "desk")):
        done = run(*words)
        assert done.exit_code == 1 and len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith("ticket-triage: ")
