import json
import threading
from pathlib import Path

import pytest

from ticket_triage.files import TriageError
from ticket_triage.schema import ModelRef
from ticket_triage.serving.rollout import plan
from ticket_triage.serving.rollout.plan import RAMP, Plan, Version

ONE, TWO = (ModelRef(name="tickets", version=version) for version in "12")
WHO = {"by": "sam", "why": "to see"}


def test_a_plan_is_kept_and_each_change_has_who_why_and_who_served(tmp_path):
    assert plan.read(tmp_path) == Plan()
    start = Plan(rollout="r", mode="canary", ramp=RAMP, challenger=Version(ref=TWO)).at(0.05)
    plan.change(tmp_path, lambda found: start, action="start", **WHO, own=ONE)
    assert plan.read(tmp_path) == start
    assert (start.here, start.next) == RAMP[:2]
    plan.change(tmp_path, lambda found: found.at(0.25), action="share", **WHO)
    assert plan.change(tmp_path, lambda found: None, action="nothing", **WHO) is None
    assert plan.change(tmp_path, lambda found: found, action="nothing", **WHO) is None
    plan.change(tmp_path, Plan.off, action="stop", by="guard", why="review: too many")
    told = [(one.action, one.by, one.why, one.mode, one.share) for one in plan.history(tmp_path)]
    assert told == [
        ("start", "sam", "to see", "canary", 0.05),
        ("share", "sam", "to see", "canary", 0.25),
        ("stop", "guard", "review: too many", "off", 0.0),
    ]
    assert {(one.champion, one.challenger) for one in plan.history(tmp_path)} == {(ONE, TWO)}
    assert plan.read(tmp_path).step == 2


def test_the_span_of_a_rollout_is_from_its_first_share_to_its_end(tmp_path):
    with pytest.raises(TriageError, match="no rollout yet"):
        plan.span(plan.history(tmp_path))
    for name in ("r", "s"):
        begun = Plan(rollout=name, mode="canary", challenger=Version(ref=TWO)).at(0.05)
        plan.change(tmp_path, lambda found, begun=begun: begun, action="start", **WHO, own=ONE)
        plan.change(tmp_path, lambda found: found.at(0.5), action="share", **WHO)
        plan.change(tmp_path, Plan.off, action="stop", **WHO)
    entries = plan.history(tmp_path)
    for named, ours in ((None, entries[3:]), ("s", entries[3:]), ("r", entries[:3])):
        assert plan.span(entries, named) == (ours, [ours[0].at, ours[1].at], ours[2].at)
    with pytest.raises(TriageError, match="no rollout t"):
        plan.span(entries, "t")


def test_changes_made_at_once_are_made_one_after_the_other(tmp_path):
    def ramp() -> None:
        for _ in range(10):
            plan.change(tmp_path, lambda found: found.at(found.share + 0.01), action="ramped", **WHO)

    threads = [threading.Thread(target=ramp) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert plan.read(tmp_path).step == 40 == len(plan.history(tmp_path))


def test_a_champion_in_place_of_the_bentos_own_is_for_that_bento_alone():
    swapped = Plan(champion=Version(ref=TWO, folder="there"), own=ONE)
    assert plan.serving(swapped, ONE) == TWO
    newer = ModelRef(name="tickets", version="3")
    assert plan.serving(swapped, newer) == newer


def test_what_is_no_plan_is_said_and_can_be_renewed(tmp_path):
    (tmp_path / plan.PLAN).write_text(json.dumps({"mode": "sideways"}))
    with pytest.raises(TriageError, match="no plan of a rollout"):
        plan.read(tmp_path)
    plan.change(tmp_path, lambda found: found.off(), action="stop", **WHO)
    assert plan.read(tmp_path).mode == "off"
    with (tmp_path / plan.HISTORY).open("ab") as stream:
        stream.write(b'{"cut": ')
    assert [one.action for one in plan.history(tmp_path)] == ["stop"]
    (tmp_path / "file").write_text("")
    with pytest.raises(TriageError, match="cannot write below"):
        plan.change(Path(tmp_path / "file"), Plan.off, action="stop", **WHO)
