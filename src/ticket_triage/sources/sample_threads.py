"""Conversations of the generated sample: who answers whom, and when."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

MAX_LATER = 9
_MINUTES_TO_REPLY = (9, 240)  # medians of the quickest and the slowest brand
_MINUTES_OF_CUSTOMER = 14


@dataclass(frozen=True)
class Threads:
    """Rows of messages, conversation after conversation; a ticket is the first row of its conversation.

    `ticket`: number of the ticket that the row belongs to. `first`: row of each ticket. `inbound`: written by
    the customer. `parent`: row that is answered, -1 for a ticket. `second_child`: rows that are one more
    answer to their parent. `seconds`: since the world began.
    """

    ticket: Ints
    first: Ints
    inbound: NDArray[np.bool_]
    parent: Ints
    second_child: Ints
    seconds: Ints


def threads(seconds: Ints, brand: Ints, brands: int, rng: np.random.Generator) -> Threads:
    """Conversations for tickets at these `seconds`, of these brands."""
    n = len(seconds)
    answered = rng.random(n) < 0.86
    alone = ~answered & (rng.random(n) < 0.3)  # the customer writes again, nobody has answered
    later = np.minimum(rng.geometric(0.46, n), MAX_LATER)
    twice = answered & (rng.random(n) < 0.08)  # the company answers the ticket in two messages
    length = 1 + np.where(answered, later, alone) + twice
    first = np.concatenate(([0], np.cumsum(length)[:-1]))
    ticket = np.repeat(np.arange(n), length)
    row = np.arange(len(ticket))
    place = row - first[ticket]
    extra = (place == 2) & twice[ticket]
    turn = place - ((place >= 2) & twice[ticket])
    inbound = np.where(alone[ticket], True, turn % 2 == 0) & ~extra
    parent = np.where(place == 0, -1, row - 1)
    parent = np.where(extra, first[ticket], parent)
    parent = np.where((place == 3) & twice[ticket], first[ticket] + 1, parent)
    low, high = np.log(_MINUTES_TO_REPLY)
    median = np.exp(rng.permutation(np.linspace(low, high, brands)))[brand][ticket]
    median = np.where(inbound, _MINUTES_OF_CUSTOMER, np.where(extra, 1, median))
    wait = 2 + np.minimum(60 * median * rng.lognormal(0.0, 1.1, len(row)), 20 * 86_400).astype(np.int64)
    waited = np.cumsum(np.where(place == 0, 0, wait))
    return Threads(
        ticket=ticket,
        first=first,
        inbound=inbound,
        parent=parent,
        second_child=np.flatnonzero(extra),
        seconds=seconds[ticket] + waited - waited[first][ticket],
    )
