"""Whose hand moved the champion: a real MLflow store, and no model."""

from pathlib import Path

import pytest

from ticket_triage import moves, registry
from ticket_triage.registry import CHAMPION

MODEL = registry.registered_name("small", "small")


@pytest.fixture
def versions(store: Path) -> list[str]:
    """Two registered versions in a store of their own."""
    client = registry.connect()
    client.create_registered_model(MODEL)
    return [str(client.create_model_version(MODEL, source=str(store)).version) for _ in range(2)]


def probe(contest: str = "a") -> dict[str, object]:
    return moves.probe("small", "small", contest)[1]


def test_a_contest_changes_nothing_for_itself_and_something_for_another(versions: list[str]) -> None:
    before = probe()
    assert (before["changes"], before["chosen_by_hand"]) == (0, None)
    moves.move(MODEL, versions[0])
    moves.settle(MODEL, versions[0], before)
    assert probe() == before
    assert probe("b")["changes"] == 1


def test_a_hand_is_seen_once(versions: list[str]) -> None:
    before = probe()
    moves.move(MODEL, versions[0])
    moves.settle(MODEL, versions[0], before)
    registry.set_alias(MODEL, CHAMPION, versions[1])
    seen = probe()
    assert seen["chosen_by_hand"] == versions[1]
    assert seen["changes"] == 2
    assert probe() == seen


def test_a_move_that_was_killed_half_way_is_not_a_hand_s(versions: list[str]) -> None:
    before = probe()
    moves.settle(MODEL, versions[0], before)
    moves.move(MODEL, versions[1])  # and no `settle`
    assert probe()["chosen_by_hand"] is None
