"""The weighted vote of a task when it is held, and what is left of it where a member cannot answer."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ticket_triage.models import ensemble

_log = logging.getLogger(__name__)


class Member(Protocol):
    """What is known of a member here."""

    @property
    def family(self) -> str:
        """What a fault of it is told by."""

    @property
    def weight(self) -> float:
        """Of its say."""

    @property
    def temperature(self) -> float:
        """By which its log-odds are divided."""


@dataclass(frozen=True)
class Poll:
    """Probabilities of the vote, before its own temperature; NaN in rows in which no member had a say.

    `missed` says in which rows a member is missing, `silent` which members are missing anywhere, by number.
    """

    probabilities: np.ndarray
    missed: np.ndarray
    silent: frozenset[int]


def poll(
    members: Sequence[Member], ask: Callable[[int, int | None], np.ndarray], rows: int, classes: int
) -> Poll:
    """Ask every member; one that raises on a row has no say in it, and the others' weights count for its own.

    Args:
        ask: probabilities of member number `i` for all rows, or for one.
    """
    total, weights = np.zeros((rows, classes)), np.zeros(rows)
    missed, silent = np.zeros(rows, dtype=bool), set()
    for number, member in enumerate(members):
        guess = _asked(member, number, ask, rows)
        if isinstance(guess, np.ndarray):
            total += member.weight * ensemble.spoken(ensemble.temper(guess, member.temperature))
            weights += member.weight
            continue
        silent.add(number)
        for row, one in enumerate(guess):
            if one is None:
                missed[row] = True
            else:
                total[[row]] += member.weight * ensemble.spoken(ensemble.temper(one, member.temperature))
                weights[row] += member.weight
    if silent:
        total = np.divide(
            total, weights[:, None], out=np.full_like(total, np.nan), where=weights[:, None] > 0
        )
    return Poll(ensemble.heard(total), missed, frozenset(silent))


def _asked(
    member: Member, number: int, ask: Callable[[int, int | None], np.ndarray], rows: int
) -> np.ndarray | list[np.ndarray | None]:
    """What a member says of all rows, or where it cannot, of each one that it can answer alone."""
    try:
        return ask(number, None)
    except Exception as error:  # whatever it is: one member's fault is no reason not to answer
        _log.warning("the member %s cannot answer: %s", member.family, type(error).__name__)
    if rows == 1:
        return [None]
    found: list[np.ndarray | None] = []
    for row in range(rows):
        try:
            found.append(ask(number, row))
        except Exception:  # said above
            found.append(None)
    return found
