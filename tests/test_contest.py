"""Who serves: a real MLflow store, a real model, every way a contest can end."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import small_model

from ticket_triage import champion, contest, moves, params
from ticket_triage.files import TriageError, read_json, sha256, write_json
from ticket_triage.models import triage_model
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.registry import versions
from ticket_triage.schema import ModelRef

ROOT = Path(__file__).parent.parent
SETTINGS = params.read(ROOT / "params.yaml")
PROMOTE = SETTINGS.promote.model_copy(update={"bootstrap": 50})
EVALUATE = SETTINGS.evaluate.model_copy(update={"bootstrap": 50})
MODEL = "ticket-triage-small-small"


@pytest.fixture(scope="module")
def other_folder(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another version: the same model with another temperature, so with other confidences."""
    home = tmp_path_factory.mktemp("other") / "triage"
    model = TriageModel.load(model_folder)
    heads = {task: head.model_copy(update={"temperature": 2.0}) for task, head in model.heads.items()}
    from dataclasses import replace

    replace(model, heads=heads, canaries=()).save(home, model_folder, model.reference)
    return home


def run(folder: Path, test: pd.DataFrame | None = None, newest: pd.DataFrame | None = None) -> dict:
    """What probe, register and promote do, in their order."""
    store_state, state = moves.probe("small", "small", sha256(folder))
    candidate = contest.enter(folder, {"category.macro_f1": 0.9}, store_state)
    test = small_model.tickets(120, seed=99) if test is None else test
    parts = {"test": test, "newest": test.head(0) if newest is None else newest}
    hindsight = small_model.hindsight(test)
    return contest.hold(candidate, state, parts, hindsight, PROMOTE, EVALUATE, Path("promotion"))


def test_the_first_model_needs_only_the_floors_and_is_judged_once(store: Path, model_folder: Path) -> None:
    first = run(model_folder)
    assert first["champion"] == first["candidate"] == "1"
    assert first["promoted"]
    assert first["test_openings"] == 1
    assert first["test"]["category"][0] > 0.5
    assert first["told"]["macro_f1"] == first["test"]
    assert set(first["told"]["missed_high"]) == {"priority"}
    measured = champion.measured(ModelRef(name=MODEL, version="1"))
    assert measured.on == "the gold test" and set(measured.figures) == {"category", "priority"}
    for figure in (figures["macro_f1"] for figures in measured.figures.values()):
        assert 0 <= figure.low <= figure.value <= figure.high <= 1
    flips = pd.read_csv("promotion/flips.csv")
    assert flips.empty and "direction" in flips, "nothing changes where nothing was"
    times = [float(value) for key, value in versions.tags_of(MODEL, "1").items() if key.startswith("ms.")]
    assert len(times) > 2 and min(times) > 0
    assert versions.alias(MODEL, "champion") == "1"
    assert read_json(Path("promotion/promote.json")) == first
    assert "<html" in Path("promotion/report.html").read_text()
    again = run(model_folder)
    assert again["candidate"] == "1"
    assert again["test_openings"] == 1, "the test is not opened for what is known"


def test_newest_tickets_without_gold_for_a_task_do_not_stop_it(store: Path, model_folder: Path) -> None:
    newest = small_model.tickets(40, seed=98).assign(gold_category=None, gold_priority=None)
    assert run(model_folder, newest=newest)["promoted"]
    assert "the newest tickets" not in Path("promotion/report.html").read_text()


def test_a_champion_that_this_code_cannot_run_is_replaced_by_the_floors(
    store: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Path("old")
    about = read_json(model_folder / "model.json")
    shutil.copytree(model_folder, old)
    write_json(old / "model.json", about | {"format": 1})
    hashes = read_json(old / "manifest.json")
    write_json(old / "manifest.json", hashes | {"model.json": sha256(old / "model.json")})
    with monkeypatch.context() as earlier:
        earlier.setattr(triage_model, "FORMAT", 1)
        assert run(old)["champion"] == "1"
    second = run(model_folder)
    assert second["champion"] == second["candidate"] == "2", second["reasons"]
    assert "version 1 was made by code that this one cannot run" in second["reasons"][0]


def test_a_model_below_the_floors_does_not_serve(store: Path, model_folder: Path) -> None:
    test = small_model.tickets(120, seed=99)
    test["gold_category"] = test["gold_category"].sample(frac=1, random_state=0).to_numpy()
    with pytest.raises(TriageError, match=r"no model serves: .*floor"):
        run(model_folder, test)
    assert versions.alias(MODEL, "champion") is None


def test_a_test_key_in_the_training_is_refused(store: Path, model_folder: Path) -> None:
    seen = small_model.tickets(900, seed=5).head(100)
    with pytest.raises(TriageError, match="train"):
        run(model_folder, seen)


def test_a_champion_set_by_hand_stays_and_is_seen_once(
    store: Path, model_folder: Path, other_folder: Path
) -> None:
    run(model_folder)
    second = run(other_folder)
    assert second["candidate"] == "2"
    assert second["test_openings"] == 3, "one for the first, two for the pair"
    candidate = sha256(other_folder)
    quiet = moves.probe("small", "small", candidate)
    assert quiet[1]["changes"] == second["changes"], "its own judgement is no reason to judge again"
    other = "2" if second["champion"] == "1" else "1"
    versions.set_alias(MODEL, "champion", other)
    _, state = moves.probe("small", "small", candidate)
    assert state["chosen_by_hand"] == other
    assert state["changes"] > second["changes"]
    assert moves.probe("small", "small", candidate)[1] == state, "a move is counted once"
    third = run(other_folder)
    assert third["champion"] == other
    assert third["test_openings"] == 3


def test_an_earlier_candidate_that_comes_back_is_judged_against_today_s_champion(
    store: Path, model_folder: Path, other_folder: Path
) -> None:
    first = run(model_folder)
    second = run(other_folder)
    back = run(model_folder)
    assert back["candidate"] == first["candidate"]
    assert back["changes"] > second["changes"] > first["changes"], "DVC must not restore the first promotion"
    assert back["champion"] == versions.alias(MODEL, "champion")
