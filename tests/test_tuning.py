"""The search: defaults first, resumable, repeatable."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ticket_triage.files import TriageError
from ticket_triage.models import tuning
from ticket_triage.params import Range

SPACE = {
    "x": Range(default=0.5, low=0.0, high=1.0),
    "n": Range(default=3, low=1, high=9),
    "kind": Range(default="a", choices=["a", "b"]),
}


def objective(values: dict[str, Any]) -> Iterator[float]:
    for fold in range(3):
        yield 1 - abs(values["x"] - 0.3) - 0.01 * values["n"] - 0.001 * fold


def search(journal: Path, trials: int, objective: Any = objective, **more: Any) -> tuning.Found:
    return tuning.search(objective, SPACE, trials=trials, seed=3, journal=journal, **more)


def test_the_first_trial_takes_the_defaults(tmp_path: Path) -> None:
    found = search(tmp_path / "s.log", 1)
    assert found.values == {"x": 0.5, "n": 3, "kind": "a"}
    assert not found.cut_short


def test_more_trials_find_better_values_and_the_table_lists_them(tmp_path: Path) -> None:
    found = search(tmp_path / "s.log", 15)
    assert found.score > search(tmp_path / "one.log", 1).score
    assert len(found.trials) == 15
    assert {"trial", "state", "score", "x", "n", "kind"} <= set(found.trials.columns)


def test_a_killed_study_resumes_to_the_same_end(tmp_path: Path) -> None:
    whole = search(tmp_path / "whole.log", 8)

    calls = 0

    def killed(values: dict[str, Any]) -> Iterator[float]:
        nonlocal calls
        for score in objective(values):
            calls += 1
            if calls == 11:  # in the middle of a trial, which stays behind as running
                raise KeyboardInterrupt
            yield score

    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "killed.log", 8, killed)
    resumed = search(tmp_path / "killed.log", 8)
    assert resumed.values == whole.values
    assert resumed.trials.equals(whole.trials)


def test_a_time_limit_that_cut_the_search_is_recorded(tmp_path: Path) -> None:
    assert search(tmp_path / "s.log", 500, timeout=0.05).cut_short


def test_a_journal_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TriageError, match=r"journal of trials .*file"):
        search(tmp_path / "file" / "s.log", 1)


def test_pictures_of_the_search_are_drawn(tmp_path: Path) -> None:
    drawn = tuning.draw(search(tmp_path / "s.log", 4), tmp_path)
    assert {path.name for path in drawn} == {"trials_history.png", "trials_slices.png"}
    assert all(path.stat().st_size > 5_000 for path in drawn)


def test_a_study_is_named_by_all_that_its_outcome_depends_on(tmp_path: Path) -> None:
    (tmp_path / "rows").write_text("one")

    def journal(*values: object) -> Path:
        return tuning.journal(tmp_path / "category-lightgbm", [str(tmp_path / "rows")], *values)

    first = journal({"trials": 3})
    assert first == journal({"trials": 3}) != journal({"trials": 4})
    assert first.name.startswith("category-lightgbm-") and first.suffix == ".log"
    (tmp_path / "rows").write_text("two")
    assert journal({"trials": 3}) != first
