import os
import stat
from datetime import timedelta

from decision_records import AT, correction, decision

from ticket_triage.feedback import rejected
from ticket_triage.feedback.records import line_of


def lines(folder):
    return (folder / rejected.FILE).read_bytes().splitlines()


def test_old_records_go_and_those_without_a_time_with_the_newest(tmp_path):
    old, new = (line_of(decision(at=AT - timedelta(days=days))) for days in (3, 1))
    assert rejected.expire(tmp_path, AT) == 0
    for line in (old, b"no record", new, line_of(correction("a", at=AT - timedelta(days=4)))):
        rejected.add(tmp_path, line)
    assert rejected.expire(tmp_path, AT - timedelta(days=2)) == 2
    assert lines(tmp_path) == [b"no record", new]
    path = tmp_path / rejected.FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    os.utime(path, (0, AT.timestamp() - 86_400))
    assert rejected.expire(tmp_path, AT) == 2 and lines(tmp_path) == []
    rejected.add(tmp_path, old)
    assert lines(tmp_path) == [old]


def test_a_customer_is_forgotten_with_what_was_said_of_the_answers(tmp_path):
    one, other = decision(customer="h1"), decision(customer="h2")
    said = [correction(one.prediction_id), correction("stored"), correction(other.prediction_id)]
    for record in (one, other, *said):
        rejected.add(tmp_path, line_of(record))
    rejected.add(tmp_path, b'{"decision":{"customer":"h1","at":')
    assert rejected.forget(tmp_path, "h1", ["stored"]) == 4
    assert lines(tmp_path) == [line_of(other), line_of(said[2])]
