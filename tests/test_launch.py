import socket

import pytest

from ticket_triage.files import TriageError, write_json, write_text
from ticket_triage.serving.launch import find, serve


@pytest.fixture
def home(tmp_path):
    for version in ("2-aa", "3-bb"):
        write_text(tmp_path / f"bentos/ticket-triage/{version}/bento.yaml", "")
    write_text(tmp_path / "bentos/ticket-triage/latest", "3-bb")
    return tmp_path


def test_a_tag_a_name_and_a_receipt_find_the_bento(home):
    assert find("ticket-triage:2-aa", home) == "ticket-triage:2-aa"
    assert find("ticket-triage", home) == find("ticket-triage:latest", home) == "ticket-triage:3-bb"
    write_json(home / "package.json", {"bento": "ticket-triage:2-aa", "model": "m", "version": "2"})
    assert find(str(home / "package.json"), home) == "ticket-triage:2-aa"


@pytest.mark.parametrize("bento", ["ticket-triage:9", "other", "other:latest"])
def test_a_bento_that_is_not_there_is_said_with_those_that_are(home, bento):
    with pytest.raises(TriageError, match="ticket-triage:2-aa, ticket-triage:3-bb"):
        find(bento, home)


def test_no_receipt_and_no_store(tmp_path):
    with pytest.raises(TriageError, match=r"package\.json does not exist"):
        find(str(tmp_path / "package.json"), tmp_path)
    with pytest.raises(TriageError, match="run `make package`"):
        find("ticket-triage:3", tmp_path / "none")


def test_a_port_that_is_taken_is_said(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(TriageError, match=f"cannot listen on 127.0.0.1:{port}"):
            serve("ticket-triage:3-bb", home, "127.0.0.1", port, open_=True)


def test_without_a_key_it_starts_on_this_machine_alone_and_only_if_told_so(home, monkeypatch):
    monkeypatch.setenv("TICKET_TRIAGE_STATE", str(home))
    monkeypatch.delenv("TICKET_TRIAGE_OPEN", raising=False)
    with pytest.raises(TriageError, match="there is no API key"):
        serve("ticket-triage:3-bb", home, "127.0.0.1", 1)
    for host in ("0.0.0.0", "::", "example.org"):
        with pytest.raises(TriageError, match="--open would let everyone in"):
            serve("ticket-triage:3-bb", home, host, 1, open_=True)
