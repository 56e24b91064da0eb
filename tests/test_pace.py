import threading
import time

import pytest

from ticket_triage.feedback.pace import MANY, Pace


@pytest.mark.parametrize(
    ("took", "others", "waiting", "rest"),
    [
        (0.05, 0.0, 10, 0.05),
        (0.05, 0.01, 10, 0.05),
        (0.05, 0.02, 10, 0.45),
        (0.05, 0.04, MANY, 0.05),
        (0.5, 0.4, 10, 1.0),
    ],
)
def test_it_rests_longer_while_tickets_are_answered_unless_too_many_records_wait(took, others, waiting, rest):
    times, besides = iter((100.0, 100.0 + took)), iter((7.0, 7.0 + others))
    pace = Pace(lambda: next(times), lambda: next(besides))
    pace.begin()
    assert pace.rest(waiting) == pytest.approx(rest)


def test_what_other_threads_take_is_seen_and_what_this_one_takes_is_not():
    def spin() -> None:
        end = time.thread_time() + 0.1
        while time.thread_time() < end:
            pass

    pace = Pace()
    before = pace.besides()
    spin()
    alone = pace.besides() - before
    other = threading.Thread(target=spin)
    other.start()
    other.join()
    assert alone < 0.05 < 0.09 < pace.besides() - before
