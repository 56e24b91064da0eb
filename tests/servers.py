"""Servers that a prediction service has behind it, as processes of their own that a test may stop and start."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def node() -> str:
    """Node.js, which runs the client in JavaScript."""
    return _program("node", "nodejs")


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        # Where every test must run, one that cannot is a failure.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"needs {name} (Debian: {package})")
    return found


class Redis:
    """A Redis that keeps nothing on disk; started by `with` or `start`."""

    def __init__(self, folder: Path) -> None:
        self.program = _program("redis-server", "redis-server")
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        words = [self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir"]
        self.process = subprocess.Popen([*words, str(self.folder)], stdout=subprocess.DEVNULL)
        for _ in range(500):
            assert self.process.poll() is None, "redis-server ended"
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("redis-server does not listen")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def __enter__(self) -> "Redis":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class Service:
    """The server of a Bento as `ticket-triage serve` starts it, open to this machine; started by `with`."""

    def __init__(self, home: Path, tag: str, folder: Path, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self.command = ["serve", "--bento", tag, "--home", str(home), "--port", str(self.port), "--open"]
        self.environment = {"TICKET_TRIAGE_STATE": str(folder / "state"), **environment}

    def __enter__(self) -> "Service":
        code = "from ticket_triage.cli import app; app()"
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code, *self.command],
                stdout=stream,
                stderr=stream,
                env=os.environ | self.environment,
                start_new_session=True,
            )
        for _ in range(1200):
            assert self.process.poll() is None, self.log.read_text()
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return self
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"not ready after two minutes: {self.log.read_text()}")

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)

    def workers(self) -> list[int]:
        """The processes that answer."""
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):  # it ended meanwhile
                if "_bentoml_impl.worker.service" in child.cmdline():
                    found.append(child.pid)
        return found


class Callers:
    """Threads that each ask for a prediction of a new ticket, and another once it is answered, until `stop`.

    A connection that is refused is tried again, as is one that breaks where `again` says so.
    """

    def __init__(self, url: str, count: int, again: bool) -> None:
        self.url = url
        self.again = again
        self.answers: dict[str, float] = {}  # when each prediction id came
        self.refused = 0
        self.broken: list[str] = []  # tickets whose connection broke
        self.lost: list[str] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(count)]

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End once what was asked is answered."""
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def _ask(self, number: int) -> None:
        with httpx.Client(base_url=self.url, timeout=30) as client:
            asked = 0
            while not self._over.is_set():
                asked += 1
                self._until_answered(client, f"parcel {number}-{asked} is late, refund the invoice")

    def _until_answered(self, client: httpx.Client, text: str) -> None:
        for _ in range(200):
            try:
                response = client.post("/predict-ticket", json={"text": text})
            except httpx.ConnectError:
                self.refused += 1
                if self._over.is_set():
                    return  # nobody took it
                time.sleep(0.1)
                continue
            except httpx.TransportError:
                self.broken.append(text)
                if self.again:
                    continue
                return
            if response.status_code == 200:
                self.answers[response.json()["prediction_id"]] = time.monotonic()
                return
            self.lost.append(f"{response.status_code} {response.text}")
            return
        self.lost.append(f"not answered: {text}")
