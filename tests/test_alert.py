import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from mlflow import MlflowClient
from servers import free_port

from ticket_triage.schema import ModelRef
from ticket_triage.serving.rollout import alert
from ticket_triage.serving.rollout.alert import Alerts


def wait_for(condition, seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} seconds"
        time.sleep(0.01)


def test_an_alert_is_logged_counted_and_sent(caplog):
    got: list[dict] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        alerts = Alerts(f"http://127.0.0.1:{server.server_port}/hook")
        with caplog.at_level(logging.ERROR):
            alerts.fire("rollout rolled back", "review: too many", rollout="r")
        wait_for(lambda: got)
    finally:
        server.shutdown()
        server.server_close()
    assert got == [{"event": "rollout rolled back", "why": "review: too many", "rollout": "r"}]
    assert caplog.records[0].facts == got[0] and caplog.records[0].levelname == "ERROR"
    assert (alerts.fired, alerts.unsent) == (1, 0)


@pytest.mark.slow
def test_a_registry_is_told_what_came_of_a_version(tmp_path, caplog):
    store = f"sqlite:///{tmp_path}/mlflow.db"
    client = MlflowClient(store)
    client.create_registered_model("tickets")
    client.create_model_version("tickets", str(tmp_path))
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--backend-store-uri", store]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    server = subprocess.Popen(
        [*command, "--workers", "1"], cwd=tmp_path, env=os.environ | quiet, start_new_session=True
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(f"{url}/health"), 60)
        alerts = Alerts(registry=f"{url}/")
        alerts.tag(ModelRef(name="tickets", version="1"), "now: rolled back at 0%, review: too many")
        tags = lambda: client.get_model_version("tickets", "1").tags  # noqa: E731
        wait_for(tags)
        assert tags() == {"rollout": "now: rolled back at 0%, review: too many"}
        alerts.tag(ModelRef(name="tickets", version="9"), "now: rolled back")
        wait_for(lambda: "the registry was not told" in caplog.text)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
    Alerts(registry=store).tag(ModelRef(name="tickets", version="1"), "a file's is told by a command")


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def test_an_address_that_hangs_or_is_not_there_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(alert, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes the connection and says nothing
        alerts = Alerts(f"http://127.0.0.1:{mute.getsockname()[1]}/")
        started = time.monotonic()
        alerts.fire("rollout refused", "no canaries")
        assert time.monotonic() - started < 0.15
        wait_for(lambda: alerts.unsent == 1)
    alerts.fire("rollout refused", "no canaries")
    wait_for(lambda: alerts.unsent == 2)
