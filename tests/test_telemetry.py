import time
from datetime import UTC, datetime

from ticket_triage.serving.telemetry import Telemetry


def test_the_pulse_goes_on_until_it_is_closed(monkeypatch):
    telemetry = Telemetry()
    monkeypatch.setattr("ticket_triage.serving.telemetry.PULSE", 0.01)
    seen: list[datetime] = []

    def look() -> None:
        seen.append(datetime.now(UTC))
        if len(seen) == 2:
            raise OSError("once")

    telemetry.pulse(look)
    until = time.monotonic() + 10
    while len(seen) < 4 and time.monotonic() < until:
        time.sleep(0.01)
    telemetry.close()
    assert len(seen) >= 4


def test_without_meters_and_collector_it_takes_what_it_is_told():
    silent = Telemetry()
    silent.looked_up(True)
    with silent.span("predict") as span:
        assert span is None and silent.request_id is None
    silent.close()
