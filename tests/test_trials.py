import shutil
import time
from pathlib import Path

import pandas as pd
import pytest
from planted import WHO, Service, canary, run

from ticket_triage.cli.runs import pool_and_labels
from ticket_triage.models.loading import flat
from ticket_triage.registry import versions
from ticket_triage.registry.store import connect
from ticket_triage.registry.versions import CHAMPION
from ticket_triage.schema import ModelRef
from ticket_triage.serving.predictor import Predictor
from ticket_triage.serving.rollout import plan
from ticket_triage.serving.rollout.plan import Version

ROOT = Path(__file__).parent.parent
ONE, TWO = (ModelRef(name="tickets", version=version) for version in "12")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TICKET_TRIAGE_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def test_what_there_is_nothing_to_tell_of_is_said(state):
    assert run("rollout", "status").splitlines() == [f"no service runs on {state}", "rollout off"]
    assert "there was no rollout yet" in run("rollout", "report", code=1)
    begun = canary(Version(ref=TWO), 0.5)
    plan.change(state, lambda found: begun, action="start", **WHO)
    assert "its history names no champion" in run("rollout", "report", code=1)
    plan.change(
        state, lambda found: begun.at(0.1).model_copy(update={"rollout": "s"}), action="start", **WHO, own=ONE
    )
    assert "there is no decision log at" in run("rollout", "report", code=1)
    assert "there was no rollout t" in run("rollout", "report", "--id", "t", code=1)


@pytest.mark.slow
def test_a_version_of_the_registry_is_tried_made_champion_and_taken_back(
    state, store, model, model_folder, tmp_path
):
    shutil.copy(ROOT / "params.yaml", store)
    (store / "data").mkdir()
    shutil.copy(ROOT / "data/taxonomy.yaml", store / "data")
    name = versions.registered_name(*pool_and_labels())
    connect().create_registered_model(name)
    first = str(connect().create_model_version(name, source=str(store)).version)
    versions.tag(name, {"digest": "first"}, first)
    versions.set_alias(name, CHAMPION, first)
    example = pd.DataFrame({"text": ["a parcel"]})
    second = versions.register(
        name, model_folder, "second", example, flat(model, example), metrics={}, tags={}
    )
    one = Service(Predictor(model, ModelRef(name=name, version=first)), state)
    one.rollout.start()
    run("rollout", "start", "--version", second, "--share", "1", "--why", "looks good")
    assert one.versions(5) == {second: 5}
    time.sleep(1.5)  # counts are shown once a second
    told = run("rollout", "status")
    assert (
        f"champion {first} of {name}, challenger {second}" in told
        and "by the challenger in this step: 5" in told
    )
    assert "2 is champion" in run("rollout", "finish", "--why", "is good")
    assert versions.alias(name, CHAMPION) == second
    assert f"champion of {name} is version {first} again" in run("rollback", "--why", "complaints")
    assert versions.alias(name, CHAMPION) == first and one.versions(5) == {first: 5}
    one.rollout.close()
    told = run("rollout", "history").splitlines()
    assert [line.split()[1] for line in told] == ["serve", "start", "finish", "rollback"]
    assert f"champion {second}" in told[2] and "is good" in told[2] and "complaints" in told[3]
    shutil.rmtree(state)
    assert run("rollout", "history").splitlines() == told, "the registry keeps it"
