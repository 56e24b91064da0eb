import threading

import pytest

from ticket_triage.breaker import Breaker, Refused


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker("the store", failures=3, pause=2, longest=10, slow=1, faults=(OSError,), clock=clock)


def fail():
    raise ConnectionError("down")


def open_it(breaker):
    for _ in range(3):
        with pytest.raises(ConnectionError):
            breaker.call(fail)


def test_failures_in_a_row_open_it_and_a_success_between_them_does_not(breaker):
    for _ in range(2):
        with pytest.raises(ConnectionError):
            breaker.call(fail)
    assert breaker.call(lambda: 7) == 7
    assert breaker.state == "closed"
    open_it(breaker)
    assert breaker.state == "open" and breaker.due == 2
    with pytest.raises(Refused, match="the store failed lately"):
        breaker.call(lambda: pytest.fail("was tried"))


def test_one_call_tries_after_the_pause_and_each_failure_doubles_the_pause(breaker, clock):
    open_it(breaker)
    for wait in (2, 4, 8, 10, 10):
        clock.now += wait - 0.1
        assert breaker.state == "open"
        clock.now += 0.1
        assert breaker.state == "half_open" and breaker.due == 0
        with pytest.raises(ConnectionError):
            breaker.call(fail)
    clock.now += 10
    breaker.call(lambda: None)
    assert breaker.state == "closed"
    open_it(breaker)
    assert breaker.due == 2


def test_others_are_refused_while_one_tries(breaker, clock):
    open_it(breaker)
    clock.now += 2

    def trial():
        assert breaker.state == "half_open"
        with pytest.raises(Refused):
            breaker.call(lambda: None)
        return "worked"

    assert breaker.call(trial) == "worked"
    assert breaker.state == "closed"


def test_a_call_from_before_it_opened_says_nothing(breaker, clock):
    began, goes_on = threading.Event(), threading.Event()

    def slow():
        began.set()
        goes_on.wait(10)

    late = threading.Thread(target=lambda: breaker.call(slow))
    late.start()
    began.wait(10)
    open_it(breaker)
    goes_on.set()
    late.join()
    assert breaker.state == "open"


def test_slow_answers_are_failures_and_other_errors_are_answers(breaker, clock):
    def slow():
        clock.now += 1
        return 1

    assert [breaker.call(slow) for _ in range(2)] == [1, 1]
    with pytest.raises(KeyError):
        breaker.call(lambda: {}["none"])
    assert [breaker.call(slow) for _ in range(3)] == [1, 1, 1]
    assert breaker.state == "open"


def test_a_try_that_is_broken_off_leaves_room_for_the_next(breaker, clock):
    open_it(breaker)
    clock.now += 2

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        breaker.call(interrupt)
    assert breaker.state == "half_open"
    assert breaker.call(lambda: 1) == 1
