"""The service as users start it: a process of its own, asked over HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass
class Server:
    client: httpx.Client
    log: Path

    def predict(self, content: object) -> httpx.Response:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.client.post("/predict-ticket", content=body, headers={"content-type": "application/json"})


def start(home: Path, tag: str, log: Path, keys: bool = False, **environment: str) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = "from ticket_triage.cli import app; app()"
    command = [sys.executable, "-c", code, "serve", "--bento", tag, "--home", str(home), "--port", str(port)]
    if not keys:
        command.append("--open")
    with log.open("wb") as stream:
        # From elsewhere: nothing of the repository may be found by its place.
        process = subprocess.Popen(
            command,
            stdout=stream,
            stderr=stream,
            cwd=home,
            env=os.environ | environment | ({"TICKET_TRIAGE_OPEN": "0"} if keys else {}),
            start_new_session=True,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            wait(client, process, log)
            yield Server(client, log)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def wait(client: httpx.Client, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            client.get("/livez")
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"not up after a minute: {log.read_text()}")
