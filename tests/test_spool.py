import os
import signal
import subprocess
import sys
import time

import pytest

from ticket_triage.feedback import rejected
from ticket_triage.feedback.spool import Spool
from ticket_triage.files import TriageError

# Appends numbers and says each that was taken, until it is killed.
WRITER = """
import sys, itertools
from pathlib import Path
from ticket_triage.feedback.spool import Spool
spool = Spool(Path(sys.argv[1]), segment=3000)
for number in itertools.count():
    spool.append(b"%d " % number + b"x" * 300)
    print(number, flush=True)
"""


def drain(spool, limit=100):
    lines = []
    while batch := spool.take(limit):
        lines += batch.lines
        spool.done(batch)
    return lines


def writer(folder):
    return subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE)


def read_some(process, count=40):
    return [int(process.stdout.readline()) for _ in range(count)]


@pytest.mark.parametrize("segment", [10, 10_000])
def test_lines_come_out_in_their_order_and_leave_nothing_behind(tmp_path, segment):
    spool = Spool(tmp_path, segment)
    lines = [b"line %d" % number for number in range(250)]
    for line in lines[:200]:
        spool.append(line)
    assert spool.waiting == 200 and spool.size() == sum(len(line) + 1 for line in lines[:200])
    batch = spool.take(30)
    assert list(batch.lines) == lines[: len(batch.lines)] and spool.take(30).lines == batch.lines
    for line in lines[200:]:
        spool.append(line)
    assert drain(spool, 30) == lines
    assert spool.waiting == spool.size() == 0
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_a_line_may_be_longer_than_what_is_read_at_once(tmp_path):
    spool = Spool(tmp_path)
    lines = [b"a", b"b" * 3_000_000, b"c"]
    for line in lines:
        spool.append(line)
    assert drain(spool) == lines


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_file_that_somebody_deletes_holds_up_none_of_the_others(tmp_path, caplog, which):
    spool = Spool(tmp_path, segment=10)
    lines = [b"one of ten", b"two of ten", b"in own"]
    for line in lines:
        spool.append(line)
    files = sorted(tmp_path.glob("*.jsonl"))
    assert len(files) == 3
    files[which].unlink()
    assert drain(spool) == [line for number, line in enumerate(lines) if number != which]
    assert f"{files[which].name} was deleted" in caplog.text and spool.waiting == 0
    spool.append(b"later")
    assert drain(spool) == [b"later"]
    sorted(tmp_path.glob("*.jsonl"))[-1].unlink()
    spool.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_what_a_killed_process_was_told_is_kept_is_taken_over_by_one_other(tmp_path):
    process = writer(tmp_path)
    acknowledged = read_some(process)
    mine = Spool(tmp_path)
    mine.append(b"mine")
    assert mine.adopt() == 0, "it lives"
    process.kill()
    acknowledged += [int(line) for line in process.stdout.read().split()]
    process.wait()
    other = Spool(tmp_path)
    found = mine.adopt()
    assert found >= len(acknowledged) and other.adopt() == 0
    lines = drain(mine)
    assert lines[-1] == b"mine"
    assert [int(line.split()[0]) for line in lines[:-1]] == list(range(found))
    assert found - len(acknowledged) <= 1, "at most the one that was not yet told"
    assert len(list(tmp_path.glob("*.lock"))) == 2 and mine.size() == 0


@pytest.mark.slow
def test_a_halted_process_is_not_dead(tmp_path):
    process = writer(tmp_path)
    read_some(process)
    process.send_signal(signal.SIGSTOP)
    assert Spool(tmp_path).adopt() == 0
    process.kill()
    process.wait()
    assert Spool(tmp_path).adopt() > 0


def test_a_torn_last_line_is_skipped(tmp_path):
    dead = Spool(tmp_path)
    dead.append(b"whole")
    os.write(dead._file, b"half of a li")
    dead.close()
    spool = Spool(tmp_path)
    assert spool.adopt() == 1
    assert list(spool.find(b"half")) == []
    assert drain(spool) == [b"whole"]
    assert spool.size() == 0


FULL = """
import resource, signal, sys
from pathlib import Path
from ticket_triage.feedback.spool import Spool
from ticket_triage.files import TriageError
spool = Spool(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
kept = []
for number in range(20):
    try:
        spool.append(b"%03d " % number + b"x" * 95)
        kept.append(number)
    except TriageError as error:
        assert "cannot write" in str(error), error
assert kept == list(range(10)), kept
resource.setrlimit(resource.RLIMIT_FSIZE, (1050, resource.RLIM_INFINITY))
try:
    spool.append(b"y" * 95)
except TriageError:
    pass
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
spool.append(b"room again")
"""


@pytest.mark.slow
def test_a_full_disk_is_said_and_leaves_no_half_line(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    spool = Spool(tmp_path)
    assert spool.adopt() == 11
    assert [line[:3] for line in drain(spool)] == [b"%03d" % number for number in range(10)] + [b"roo"]


def test_nothing_is_written_once_it_is_closed(tmp_path):
    spool = Spool(tmp_path / "spool")
    spool.close()
    with (tmp_path / "other").open("wb"), pytest.raises(TriageError, match="cannot write"):
        spool.append(b"late")
    assert (tmp_path / "other").read_bytes() == b""


def test_a_new_segment_that_cannot_be_begun_harms_nothing(tmp_path, monkeypatch):
    spool = Spool(tmp_path, segment=10)
    spool.append(b"0123456789")
    with monkeypatch.context() as patch:
        patch.setattr(spool, "folder", tmp_path / "none")
        for _ in range(2):
            with pytest.raises(TriageError, match="cannot write"):
                spool.append(b"refused")
    spool.append(b"next")
    assert drain(spool) == [b"0123456789", b"next"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TriageError, match="cannot write"):
        Spool(tmp_path / "file" / "spool")


def test_lines_are_found_while_they_wait(tmp_path):
    one, other = Spool(tmp_path), Spool(tmp_path)
    one.append(b"id 1 first")
    one.append(b"id 2")
    other.append(b"id 1 second")
    assert sorted(other.find(b"id 1")) == [b"id 1 first", b"id 1 second"]
    drain(one)
    assert list(one.find(b"id 1")) == [b"id 1 second"]
    rejected.add(tmp_path, b"id 1 odd")
    assert list(one.find(b"id 1")) == [b"id 1 second"]


def test_appends_of_several_threads_and_a_taker_lose_and_double_nothing(tmp_path):
    import threading

    spool = Spool(tmp_path, segment=2_000)
    threads = [
        threading.Thread(target=lambda name=name: [spool.append(b"%s %d" % (name, n)) for n in range(500)])
        for name in (b"a", b"b")
    ]
    for thread in threads:
        thread.start()
    lines, until = [], time.monotonic() + 20
    while len(lines) < 1000 and time.monotonic() < until:
        lines += drain(spool, 7)
    assert len(lines) == len(set(lines)) == 1000
    for name in (b"a ", b"b "):
        numbers = [int(line.split()[1]) for line in lines if line.startswith(name)]
        assert numbers == list(range(500))
