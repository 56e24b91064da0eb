from types import SimpleNamespace

import numpy as np

from ticket_triage.models import ensemble
from ticket_triage.models.polling import poll

SAID = [np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([[0.6, 0.4], [0.2, 0.8]])]
MEMBERS = [
    SimpleNamespace(family=name, weight=weight, temperature=1.5) for name, weight in (("a", 0.7), ("b", 0.3))
]


def ask(number: int, row: int | None) -> np.ndarray:
    return SAID[number] if row is None else SAID[number][[row]]


def test_with_all_members_it_is_the_weighted_vote() -> None:
    found = poll(MEMBERS, ask, 2, 2)
    tempered = {name: ensemble.temper(SAID[n], 1.5) for n, name in enumerate("ab")}
    assert np.array_equal(found.probabilities, ensemble.vote(tempered, {"a": 0.7, "b": 0.3}))
    assert not found.missed.any() and not found.silent


def test_a_member_that_fails_on_one_ticket_is_missing_there_alone(caplog) -> None:
    def choosy(number: int, row: int | None) -> np.ndarray:
        if number == 0 and row != 0:
            raise ValueError("a text that nobody should see in a log")
        return ask(number, row)

    found, whole = poll(MEMBERS, choosy, 2, 2), poll(MEMBERS, ask, 2, 2)
    assert np.allclose(found.probabilities[0], whole.probabilities[0])
    assert np.allclose(found.probabilities[1], ensemble.temper(SAID[1], 1.5)[1])
    assert found.missed.tolist() == [False, True] and found.silent == {0}
    assert "member a cannot answer: ValueError" in caplog.text and "nobody" not in caplog.text


def test_where_no_member_can_answer_nothing_is_said() -> None:
    def broken(number: int, row: int | None) -> np.ndarray:
        raise OSError

    found = poll(MEMBERS, broken, 2, 2)
    assert np.isnan(found.probabilities).all() and found.missed.all()
