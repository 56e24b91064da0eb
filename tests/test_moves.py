"""Whose hand moved the champion: a real MLflow store, and no model."""

from pathlib import Path

import pytest

from ticket_triage import moves
from ticket_triage.registry.store import connect
from ticket_triage.registry.versions import (
    CHAMPION,
    PREVIOUS,
    alias,
    registered_name,
    set_alias,
    tag,
    tags_of,
)

MODEL = registered_name("small", "small")


@pytest.fixture
def versions(store: Path) -> list[str]:
    """Two registered versions in a store of their own."""
    client = connect()
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
    set_alias(MODEL, CHAMPION, versions[1])
    seen = probe()
    assert seen["chosen_by_hand"] == versions[1]
    assert seen["changes"] == 2
    assert probe() == seen


def test_a_move_that_was_killed_half_way_is_not_a_hand_s(versions: list[str]) -> None:
    before = probe()
    moves.settle(MODEL, versions[0], before)
    moves.move(MODEL, versions[1])  # and no `settle`
    assert probe()["chosen_by_hand"] is None


def test_a_person_who_chooses_a_champion_can_go_back(versions: list[str]) -> None:
    moves.choose(MODEL, versions[0], "the first")
    moves.choose(MODEL, versions[1], "better at 100 %")
    moves.choose(MODEL, versions[1], "again")
    assert alias(MODEL, CHAMPION) == versions[1]
    assert alias(MODEL, PREVIOUS) == versions[0]
    assert tags_of(MODEL, versions[1])["chosen"] == "better at 100 %"


def test_what_served_when_is_added_once_and_shown_by_each_machine(versions: list[str]) -> None:
    def entry(id: str, at: str, action: str, share: float = 0.05) -> dict[str, object]:
        refs = [{"name": MODEL, "version": version} for version in versions]
        return {
            **{"id": id, "at": at, "action": action, "share": share, "why": "to see"},
            "champion": refs[0],
            "challenger": refs[1],
        }

    one, other = (
        entry("1", "2026-01-01T00:00:00Z", "start"),
        entry("2", "2026-01-02T00:00:00Z", "ramped", 0.25),
    )
    tag(MODEL, {"digest": "d"}, versions[1])
    assert moves.served(MODEL, []) == []
    assert moves.served(MODEL, [other]) == [other]
    assert moves.served(MODEL, [one]) == [one, other]
    assert moves.served(MODEL, [one, other]) == [one, other] == moves.served(MODEL, [])
    assert "ramped at 25%, to see" in tags_of(MODEL, versions[1])["rollout"]
    runs = connect().search_runs([connect().get_experiment_by_name("ticket-triage").experiment_id])
    assert [run.info.run_name for run in runs] == ["rollout"]
