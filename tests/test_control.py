from collections.abc import Iterator
from pathlib import Path

import planted
import pytest
from planted import Service

from ticket_triage.files import TriageError
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.schema import ModelRef
from ticket_triage.serving.predictor import Predictor
from ticket_triage.serving.rollout import control, plan
from ticket_triage.serving.rollout.control import Who
from ticket_triage.serving.rollout.plan import Version

WHO = Who("sam", "to see")


@pytest.fixture(scope="module")
def good(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good") / "model"
    planted.version(model_folder, folder, "4")
    return folder


@pytest.fixture(scope="module")
def service(model_folder: Path, good: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    own = Predictor(TriageModel.load(model_folder), ModelRef(name="tickets", version="3"))
    one = Service(own, tmp_path_factory.mktemp("state"), challenger=good)
    one.rollout.start()
    yield one
    one.rollout.close()


def test_a_challenger_becomes_champion_and_is_taken_back(service):
    state = service.state
    begun = control.start(state, None, WHO, share=0.5, rollout="r")
    assert control.wait(state, begun) == 1, "the Bento's own challenger"
    with pytest.raises(TriageError, match="version 4 is being tried already"):
        control.start(state, None, WHO, share=0.5)
    with pytest.raises(TriageError, match="answers 50% of the tickets"):
        control.finish(state, WHO)
    control.wait(state, control.share(state, 1.0, WHO))
    assert service.versions(10) == {"4": 10}
    finished = control.finish(state, WHO)
    assert control.wait(state, finished) == 1
    assert service.versions(10) == {"4": 10} and {one.variant for one in service.kept[-10:]} == {"champion"}
    with pytest.raises(TriageError, match="nothing is being tried"):
        control.share(state, 0.5, WHO)
    with pytest.raises(TriageError, match="is the champion"):
        control.start(state, None, WHO, share=0.5)
    control.wait(state, control.back(state, WHO))
    assert service.versions(10) == {"3": 10}
    assert control.stop(state, WHO) is None and control.back(state, WHO) is None
    told = [(one.action, one.champion and one.champion.version) for one in plan.history(state)]
    assert told == [("serve", "3"), ("start", "3"), ("share", "3"), ("finish", "4"), ("rollback", "3")]


def test_a_version_is_swapped_in_and_the_bentos_own_again(service, good):
    swapped = control.swap(service.state, control.store(service.state, good), WHO)
    control.wait(service.state, swapped)
    assert service.versions(5) == {"4": 5}
    control.wait(service.state, control.swap(service.state, None, WHO))
    assert service.versions(5) == {"3": 5}
    assert control.swap(service.state, Version(ref=service.rollout.own.ref, folder="any"), WHO) is None


def test_who_waits_hears_that_a_version_was_refused(service, model_folder, tmp_path):
    planted.version(model_folder, tmp_path / "wrong", "6", fault="canary")
    begun = control.start(service.state, control.store(service.state, tmp_path / "wrong"), WHO, share=0.5)
    with pytest.raises(TriageError, match=r"guard changed the plan \(refused\): version 6 .*canary"):
        control.wait(service.state, begun)


def test_stored_versions_stay_as_they_are_and_old_ones_go(model_folder, tmp_path):
    state = tmp_path / "state"
    kept = []
    for number in range(control.KEPT + 3):
        planted.version(model_folder, tmp_path / str(number), str(number))
        kept.append(control.store(state, tmp_path / str(number)))
        if number == 0:
            control.start(state, kept[0], WHO, share=0.5)
    assert control.store(state, tmp_path / "7") == kept[7]
    here = {place.name.partition("-")[0] for place in (state / control.MODELS).iterdir()}
    assert here == {"0", "2", "3", "4", "5", "6", "7"}, "the plan's own, the new one and the latest five"
    with pytest.raises(TriageError, match="there is no model at"):
        control.store(state, tmp_path)


def test_where_no_service_runs_a_plan_waits_for_one(tmp_path):
    with pytest.raises(TriageError, match="say what to try"):
        control.start(tmp_path, None, WHO, share=0.5)
    with pytest.raises(TriageError, match="no service runs"):
        control.swap(tmp_path, None, WHO)
    begun = control.start(tmp_path, Version(ref=ModelRef(name="tickets", version="4")), WHO, share=0.5)
    assert control.wait(tmp_path, begun) == 0
    (tmp_path / plan.PLAN).write_text("{")
    assert control.stop(tmp_path, WHO) == plan.read(tmp_path)
