import os
import time
from datetime import UTC, datetime, timedelta

from ticket_triage.schema import ModelRef
from ticket_triage.serving.rollout import counts
from ticket_triage.serving.rollout.counts import EDGES, Sheet, Tally

ONE, TWO = (ModelRef(name="tickets", version=version) for version in "12")


def sheet(step: str = "r/1", champion: ModelRef = ONE, pid: int = 1) -> Sheet:
    tally = Tally()
    tally.add("champion", answered=3, served=2, review=1)
    tally.add("challenger", answered=1, faults=1)
    tally.time("champion", 7.0)
    tally.pair(True)
    tally.pair(False)
    return Sheet(
        step=step,
        champion=champion,
        challenger=TWO,
        own=ONE,
        pid=pid,
        at=datetime.now(UTC),
        counts=tally.counts(),
    )


def test_counts_of_all_workers_of_a_step_and_of_the_same_versions_add_up(tmp_path):
    for name, one in {
        "a": sheet(pid=1),
        "b": sheet(pid=2),
        "c": sheet("r/2"),
        "d": sheet(champion=TWO),
    }.items():
        counts.write(tmp_path, name, one)
    counts.write(tmp_path, "a", sheet(pid=1))  # a worker's file is its newest
    (tmp_path / "cut.json").write_text('{"step"')
    total = counts.total(counts.read(tmp_path), sheet())
    assert (total.champion.answered, total.champion.served, total.champion.review) == (6, 4, 2)
    assert (total.challenger.answered, total.challenger.faults) == (2, 2)
    assert (total.pairs, total.differ) == (4, 2)
    edge = min(edge for edge in EDGES if edge >= 7)
    assert sum(total.champion.times) == 2 == total.champion.times[EDGES.index(edge)]


def test_workers_that_wrote_nothing_lately_do_not_run(tmp_path):
    counts.write(tmp_path, "a", sheet())
    counts.write(tmp_path, "b", sheet().model_copy(update={"at": datetime.now(UTC) - timedelta(minutes=1)}))
    assert len(counts.read(tmp_path)) == 2 and len(counts.running(tmp_path)) == 1
    assert counts.total([], sheet()) == counts.Counts()


def test_what_workers_leave_behind_goes_but_for_what_they_counted_in_a_step_that_lasts(tmp_path):
    for name, step in {"ended": "r/1", "counted": "r/2", "alive": "r/1"}.items():
        counts.write(tmp_path, name, sheet(step))
    (tmp_path / "other.json").write_text('{"of": "other code"}')
    for name in ("ended", "counted", "other"):
        os.utime(tmp_path / f"{name}.json", (0, time.time() - 60))
    counts.sweep(tmp_path, "r/2")
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["alive", "counted"]
    counts.sweep(tmp_path)
    assert [path.stem for path in tmp_path.iterdir()] == ["alive"]
