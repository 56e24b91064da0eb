import json
import logging
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from ticket_triage.serving.rollout import alert
from ticket_triage.serving.rollout.alert import Alerts


def wait_for(condition) -> None:
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("not within five seconds")


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
