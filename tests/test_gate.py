import asyncio
import time

import pytest

from ticket_triage.serving.gate import Gate

TICKET = 0.01  # seconds


def test_tickets_go_in_their_order_and_the_loop_breathes_between_them():
    async def go() -> tuple[list[int], int]:
        gate, done, beats = Gate(10, 1), [], 0

        async def ticket(number: int) -> None:
            async with gate.turn():
                time.sleep(TICKET)  # as a prediction does
                done.append(number)

        async def beat() -> None:
            nonlocal beats
            while len(done) < 10:
                beats += 1
                await asyncio.sleep(0)

        await asyncio.gather(*(ticket(number) for number in range(10)), beat())
        return done, beats

    done, beats = asyncio.run(go())
    assert done == list(range(10))
    assert beats >= 10  # a probe would have been answered between any two


def test_what_would_wait_too_long_is_told_so_before_and_the_queue_is_soon_gone():
    async def go() -> tuple[int, int, bool]:
        gate, refused, answered = Gate(10 * TICKET, 1), 0, 0

        async def ask() -> None:
            nonlocal refused, answered
            if gate.full(bulk=False):
                refused += 1
                return
            gate.enter(bulk=False)
            try:
                async with gate.turn():
                    time.sleep(TICKET)
            finally:
                gate.leave(bulk=False)
            answered += 1

        await asyncio.gather(*(ask() for _ in range(100)))
        return refused, answered, gate.full(bulk=False)

    refused, answered, full = asyncio.run(go())
    assert answered + refused == 100
    assert 8 <= answered <= 30  # ten tickets' time, as far as a busy machine keeps time
    assert not full


def test_one_slow_ticket_shuts_nobody_out():
    gate = Gate(1, 1)
    gate.took = 60.0
    assert not gate.full(bulk=False)
    gate.enter(bulk=False)
    assert gate.full(bulk=False)
    gate.leave(bulk=False)
    assert not gate.full(bulk=False)


def test_a_failed_turn_is_over_and_its_time_counts():
    gate = Gate(1, 1)
    before = gate.took

    async def go() -> None:
        with pytest.raises(ValueError, match="x"):
            async with gate.turn():
                time.sleep(2 * before)
                raise ValueError("x")
        async with gate.turn():
            pass

    asyncio.run(go())
    assert gate.took != before


def test_batches_have_their_own_number_and_make_the_queue_slower():
    gate = Gate(1, 2)
    assert not gate.full(bulk=True)
    gate.enter(bulk=True)
    gate.enter(bulk=True)
    assert gate.full(bulk=True)
    gate.took, gate.waiting = 0.1, 4
    assert gate.wait == pytest.approx(1.2)
    gate.leave(bulk=True)
    assert not gate.full(bulk=True)
