"""Servers that a prediction service has behind it, as processes of their own that a test may stop and start."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class Redis:
    """A Redis that keeps nothing on disk; started by `with` or `start`."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("redis-server") is None:
            # Where every test must run, one that cannot is a failure.
            (pytest.fail if os.environ.get("CI") else pytest.skip)(
                "needs redis-server (Debian: redis-server)"
            )
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        words = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir"]
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
