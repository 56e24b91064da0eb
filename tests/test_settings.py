import os

import pytest

from ticket_triage.files import TriageError
from ticket_triage.serving import settings


def test_the_environment_sets_the_service_up():
    given = settings.read({"TICKET_TRIAGE_BODY_LIMIT": "2048", "PATH": "/bin"})
    assert given.body_limit == 2048 and given.workers == 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TICKET_TRIAGE_BODY_LIMIT", "much", "TICKET_TRIAGE_BODY_LIMIT: input should be a valid integer"),
        ("TICKET_TRIAGE_BODI_LIMIT", "2048", "TICKET_TRIAGE_BODI_LIMIT is no setting of the service"),
    ],
)
def test_what_is_no_setting_is_said(name, value, said):
    with pytest.raises(TriageError, match=said):
        settings.read({name: value})


def test_workers_have_the_same_state_and_compute_in_one_thread_unless_told_otherwise(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("TICKET_TRIAGE_STATE", *settings.THREADS):
        monkeypatch.setenv(name, "")
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    settings.hand_down(settings.read({"TICKET_TRIAGE_STATE": "here"}))
    handed = {name: os.environ[name] for name in ("TICKET_TRIAGE_STATE", *settings.THREADS)}
    assert list(handed.values()) == [str(tmp_path / "here"), "1", "2"]
