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
