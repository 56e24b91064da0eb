import re
import shutil
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import planted
import pytest
from planted import run
from test_service import ROOT, start

from ticket_triage.schema import ModelRef
from ticket_triage.serving.package import package
from ticket_triage.serving.rollout import counts, plan


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TICKET_TRIAGE_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def test_a_rollout_is_begun_told_of_and_ended(state, model_folder, tmp_path):
    planted.version(model_folder, tmp_path / "good", "4")
    said = run("rollout", "start", "--challenger", tmp_path / "good", "--share", "0.1", "--why", "a try")
    assert "canary: version 4 on 10%" in said and "no service runs" in said
    assert [step.share for step in plan.read(state).ramp] == [0.05, 0.25, 1.0]
    assert "next 25%" in run("rollout", "status")
    assert "version 4 is being tried already" in run(
        "rollout", "start", "--challenger", tmp_path / "good", code=1
    )
    run("rollout", "start", "--share", "0.2")  # as `make rollout SHARE=0.2` does
    assert plan.read(state).share == 0.2 and plan.read(state).step == 2
    run("rollout", "share", "0.3")
    assert "rollout off" in run("rollout", "stop", "--why", "enough")
    assert "nothing to change" in run("rollout", "stop")
    told = run("rollout", "history", "--local").splitlines()
    assert ["start" in told[0], "a try" in told[0], "enough" in told[-1], len(told)] == [True, True, True, 4]
    assert "say what to try" in run("rollout", "start", code=1)
    assert "no service runs" in run("rollout", "finish", code=1)


def test_rollback_takes_a_rollout_off_and_leaves_the_registry(state, model_folder, tmp_path):
    planted.version(model_folder, tmp_path / "good", "4")
    run("rollout", "start", "--challenger", tmp_path / "good", "--shadow", "--share", "1")
    assert plan.read(state).ramp == ()
    assert "rollout off" in run("rollback", "--why", "complaints")
    assert plan.read(state).mode == "off"
    assert plan.history(state)[-1].why == "complaints"


class Traffic(threading.Thread):
    """Tickets of many customers, one after the other; what came back."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.ended = url, threading.Event()
        self.statuses: Counter[int] = Counter()
        self.versions: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=30) as client:
            number = 0
            while not self.ended.is_set():
                text = f"my parcel {number} is late, please refund the invoice"
                answer = client.post("/predict-ticket", json={"text": text, "customer": f"c{number % 97}"})
                self.statuses[answer.status_code] += 1
                self.versions.append(answer.json().get("model", {}).get("version", "none"))
                number += 1
                time.sleep(0.005)


@pytest.mark.slow
def test_under_traffic_a_planted_challenger_is_taken_back_and_a_good_one_reaches_all(
    state, store, model_folder, tmp_path
):
    planted.version(model_folder, tmp_path / "bad", "5", fault="review")
    planted.version(model_folder, tmp_path / "good", "4")
    home, own = tmp_path / "bentos", ModelRef(name="tickets", version="3")
    tag = package(model_folder, own, home, {}, root=ROOT, challenger=tmp_path / "bad")
    # Of time nothing is asked: the machine is shared, and the test is not its only work.
    settings = {
        "TICKET_TRIAGE_STATE": str(state),
        "TICKET_TRIAGE_WORKERS": "2",
        "TICKET_TRIAGE_GUARD_LATENCY": "1000",
    }
    for server in start(home, tag, tmp_path / "log", **settings):
        until(lambda: len(counts.running(state / counts.FOLDER)) == 2)
        traffic = [Traffic(str(server.client.base_url)) for _ in range(2)]
        for one in traffic:
            one.start()
        assert "2 workers follow" in run(
            "rollout", "start", "--share", "0.5", "--tickets", 20, "--minutes", 0
        )
        until(lambda: plan.history(state)[-1].action == "rolled back")
        entry = plan.history(state)[-1]
        assert (entry.by, entry.challenger.version) == ("guard", "5") and "review: 100.0%" in entry.why
        until(lambda: {sheet.challenger for sheet in counts.running(state / counts.FOLDER)} == {None})
        assert server.client.get("/rollout").json()["mode"] == "off"
        assert "rollout rolled back: review" in (tmp_path / "log").read_text()
        run(
            "rollout",
            "start",
            "--challenger",
            tmp_path / "good",
            "--share",
            "0.05",
            "--tickets",
            20,
            "--minutes",
            0,
        )
        until(lambda: plan.history(state)[-1].share == 1)
        assert [entry.action for entry in plan.history(state)][-3:] == ["start", "ramped", "ramped"]
        assert "version 4 is champion" in run("rollout", "finish")
        assert server.client.get("/model").json()["version"] == "4"
        began = time.monotonic()
        assert "rollout off" in run("rollout", "swap")
        assert time.monotonic() - began < 5
        for one in traffic:
            one.ended.set()
            one.join(30)
        assert server.client.get("/model").json()["version"] == "3"
        assert {status for one in traffic for status in one.statuses} == {200}
        assert {version for one in traffic for version in one.versions} == {"3", "4", "5"}
    said = run("rollout", "report", "--page", tmp_path / "report.html")
    assert "sent to people" in said and "both the same: 100.0%" in said
    assert "Version 4 beside 3 of tickets" in (tmp_path / "report.html").read_text()
    bad = plan.history(state)[1].rollout
    said = run("rollout", "report", "--id", bad, "--page", tmp_path / "bad.html")
    assert re.search(r"sent to people: [\d.]+% → 100\.0%", said)
    shutil.rmtree(home)


def until(condition, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} seconds"
        time.sleep(0.05)
