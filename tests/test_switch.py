"""deploy/blue-green.sh: a switch between two releases, with real servers, that loses no request."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from deployed import ROOT, SCRIPT, tool

from ticket_triage.feedback.decisions import DecisionLog
from ticket_triage.files import read_json, sha256, write_json
from ticket_triage.schema import ModelRef
from ticket_triage.serving import api_keys
from ticket_triage.serving.package import package


def test_an_open_service_is_not_put_behind_a_proxy_that_lets_others_in(tmp_path):
    own = {"TICKET_TRIAGE_OPEN": "1", "BLUE_GREEN_BIND": "0.0.0.0", "BLUE_GREEN_RUN": str(tmp_path)}
    words = [str(SCRIPT), "deploy", "tickets:1"]
    done = subprocess.run(words, env=os.environ | own, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "make keys" in done.stderr


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Switch:
    """blue-green.sh with ports and a folder of its own."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        key = api_keys.add(folder.parent / "state" / api_keys.FILE, "shop", "predict", 1000)
        self.headers = {"X-API-Key": key}
        port, blue, green, metrics = map(str, free_ports(4))
        self.url = f"http://127.0.0.1:{port}"
        self.environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin",
            "PYTHONPATH": str(ROOT / "src"),
            "BENTOML_HOME": str(home),
            "TICKET_TRIAGE_OPEN": "0",
            "TICKET_TRIAGE_STATE": str(folder.parent / "state"),
            "BLUE_GREEN_KEY": key,
            "BLUE_GREEN_RUN": str(folder),
            "BLUE_GREEN_PORT": port,
            "BLUE_GREEN_BLUE": blue,
            "BLUE_GREEN_GREEN": green,
            "BLUE_GREEN_METRICS": metrics,
        }

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SCRIPT), *words],
            cwd=self.folder.parent,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    def version(self) -> str:
        return str(httpx.get(f"{self.url}/model", headers=self.headers, timeout=10).json()["version"])


class Load(threading.Thread):
    """One customer after another, on a connection that stays open for three of them."""

    def __init__(self, switch: Switch) -> None:
        super().__init__(daemon=True)
        self.url, self.headers = f"{switch.url}/predict-ticket", switch.headers
        self.ended = threading.Event()
        self.seen: Counter[str] = Counter()
        self.answered: set[str] = set()  # ids

    def run(self) -> None:
        number = 0
        with httpx.Client(timeout=30) as client:
            while not self.ended.wait(0.01):
                number += 1
                headers = self.headers | ({} if number % 3 else {"connection": "close"})
                ticket = {"text": f"my parcel {number} is late"}
                try:
                    answer = client.post(self.url, json=ticket, headers=headers)
                    whole = answer.status_code == 200 and answer.json()["decision"]
                    self.seen[answer.headers["x-release"] if whole else answer.text] += 1
                    self.answered.add(answer.json()["prediction_id"] if whole else "")
                except httpx.HTTPError as error:
                    self.seen[repr(error)] += 1

    def end(self) -> Counter[str]:
        self.ended.set()
        self.join(60)
        return self.seen


@pytest.fixture
def releases(model_folder: Path, tmp_path: Path) -> tuple[Path, str, str, str]:
    """A store of Bentos with two good releases and one whose canaries fail."""
    home = tmp_path / "bentos"
    first = package(model_folder, ModelRef(name="tickets", version="3"), home, {}, root=ROOT)
    shelf = home / "bentos/ticket-triage"
    for version in ("4", "5"):
        copy = Path(shutil.copytree(shelf / first.partition(":")[2], shelf / version))
        write_json(copy / "src/model/ref.json", {"name": "tickets", "version": version})
    canaries = read_json(shelf / "5/src/model/canaries.json")
    canaries[0]["text"] = "quite another ticket"
    write_json(shelf / "5/src/model/canaries.json", canaries)
    for version in ("4", "5"):
        model = shelf / version / "src/model"
        names = read_json(model / "manifest.json")
        write_json(model / "manifest.json", {name: sha256(model / name) for name in names})
    return home, first, "ticket-triage:4", "ticket-triage:5"


@pytest.mark.slow
def test_a_release_takes_over_and_gives_back_and_no_request_is_lost(releases, tmp_path):
    tool("haproxy")
    tool("curl")
    home, first, second, broken = releases
    switch = Switch(tmp_path / "run", home)
    try:
        assert switch("status").returncode == 1
        assert switch("back").returncode == 1, "nothing was deployed yet"
        begun = switch("deploy", first)
        assert begun.returncode == 0, begun.stderr
        assert switch.version() == "3"

        load = Load(switch)
        load.start()
        done = switch("deploy", second)
        assert done.returncode == 0, done.stderr
        assert switch.version() == "4"
        back = switch("back")
        assert back.returncode == 0, back.stderr
        assert switch.version() == "3"
        seen = load.end()
        assert set(seen) == {"blue", "green"}, seen

        refused = switch("deploy", broken)
        assert refused.returncode == 1 and "did not prove itself" in refused.stderr
        assert switch.version() == "3"
        status = switch("status")
        assert status.returncode == 0
        assert f"blue: {first} (running, the traffic goes to it)" in status.stdout
        assert f"green: {second} (stopped)" in status.stdout, "the way back is what it was"
        history = [line.split()[1:] for line in (tmp_path / "run/history").read_text().splitlines()]
        assert history == [["blue", first], ["green", second], ["blue", first]]
        for path in ("/metrics", "/%6detrics"):
            away = httpx.get(f"{switch.url}{path}", timeout=10)
            assert away.status_code == 404 and set(away.json()) == {"error"}
    finally:
        ended = switch("down")
    assert ended.returncode == 0, ended.stderr
    with pytest.raises(httpx.ConnectError):
        httpx.get(switch.url, timeout=5)

    with closing(DecisionLog(tmp_path / "state")) as log:  # takes over what a release has left on the disk
        for _ in range(100):
            if not log.state()["bytes"]:
                break
            time.sleep(0.1)
    with closing(sqlite3.connect(tmp_path / "state/decisions.db")) as database:
        rows = database.execute("select prediction_id, ticket ->> 'channel' from decisions").fetchall()
    kept = [prediction for prediction, channel in rows if channel != "smoke test"]
    assert len(rows) - len(kept) == 3, "a smoke ticket for each time that a release was handed the traffic"
    assert sorted(kept) == sorted(load.answered), "each answer is recorded once"
