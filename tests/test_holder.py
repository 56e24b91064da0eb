import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import planted
import pytest
import small_model
import small_taxonomy
from planted import WHO, Service, canary

from ticket_triage import features, params, taxonomy
from ticket_triage.models import assembly, member, shelf, training
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.schema import TASKS, ModelRef
from ticket_triage.serving.predictor import Predictor
from ticket_triage.serving.rollout import counts, plan
from ticket_triage.serving.rollout.plan import Plan, Step, Version

ROOT = Path(__file__).parents[1]
QUICK = tuple(Step(share=share, tickets=10, seconds=0) for share in (0.05, 0.25, 1.0))


@pytest.fixture(scope="module")
def own(model_folder: Path) -> Predictor:
    return Predictor(TriageModel.load(model_folder), ModelRef(name="tickets", version="3"))


@pytest.fixture(scope="module")
def good(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Version:
    return planted.version(model_folder, tmp_path_factory.mktemp("good") / "model", "4")


@pytest.fixture(scope="module")
def bad(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Version:
    return planted.version(model_folder, tmp_path_factory.mktemp("bad") / "model", "5", fault="review")


@pytest.fixture(scope="module")
def shuffled(
    train_settings: params.Train,
    split_tables: tuple[pd.DataFrame, pd.DataFrame],
    tmp_path_factory: pytest.TempPathFactory,
) -> Version:
    """A version that learnt in earnest, from tickets that had one another's labels."""
    home = tmp_path_factory.mktemp("shuffled")
    gold = ["gold_category", "gold_second_category", "gold_priority"]
    train, validation = (
        table.assign(**{name: table[name].sample(frac=1, random_state=7).to_numpy() for name in gold})
        for table in split_tables
    )
    table = features.build(train)
    table.insert(0, "ticket_id", train["ticket_id"])
    weak = pd.DataFrame({"ticket_id": [], "category": [], "priority": []}, dtype="str")
    members = []
    for task in TASKS:
        rows = training.select(
            task, table, train, weak, taxonomy.to_yaml(small_taxonomy.make()), train_settings
        )
        shelf.save(member.fit(task, "naive_bayes", rows, train_settings, home / f"{task}.log"), home / task)
        members.append(shelf.read(home / task))
    model = assembly.assemble(
        members,
        train,
        validation,
        validation.head(0),
        taxonomy.from_labels(small_model.WORDS, "small"),
        params.read(ROOT / "params.yaml").assemble,
        calendar=False,
        info={"data": "1" * 32},
        stage=home / "stage",
    )
    model.save(home / "triage", home / "stage", model.observe(validation))
    return planted.version(home / "triage", home / "model", "6")


@pytest.fixture
def service(own: Predictor, tmp_path: Path) -> Iterator[Service]:
    one = Service(own, tmp_path / "state")
    one.rollout.start()
    yield one
    one.rollout.close()


def actions(state: Path) -> list[str]:
    return [entry.action for entry in plan.history(state)]


def test_a_worker_that_ends_leaves_its_counts_only_to_a_step_that_lasts(own, good, tmp_path):
    sheets = tmp_path / counts.FOLDER
    counts.write(sheets, "1-killed", Service(own, tmp_path / "else").rollout.sheet())
    os.utime(sheets / "1-killed.json", (0, 0))
    for left in (0, 1):
        one = Service(own, tmp_path)
        one.rollout.start()
        assert len(counts.read(sheets)) == 1
        if left:
            one.plan(lambda found: canary(good, 0.5))
            one.until(lambda: one.rollout.now.challenger)  # noqa: B023 (called at once)
        one.rollout.close()
        assert len(counts.read(sheets)) == left


def test_a_canary_answers_its_share_and_each_customer_is_answered_by_the_same(service, good):
    assert service.versions() == {"3": 60}
    service.plan(lambda found: canary(good, 0.5))
    service.until(lambda: service.rollout.now.challenger)
    by_customer = [service.ask(number) for number in range(60)]
    assert 15 < Counter(by_customer)["4"] < 45
    assert by_customer == [service.ask(number) for number in range(60)]
    assert {(one.variant, one.model.version) for one in service.kept if not one.shadow} == {
        ("champion", "3"),
        ("challenger", "4"),
    }
    service.plan(Plan.off, "stop")
    began = time.monotonic()
    service.until(lambda: service.rollout.now.challenger is None)
    assert time.monotonic() - began < 2  # one, but for a machine that is busy with other tests
    assert service.versions() == {"3": 60}
    assert service.rollout.predictor(good.ref) is not None, "kept to replay what it said"


def test_a_shadow_is_recorded_and_never_served(own, good, tmp_path):
    plan.change(tmp_path, lambda found: canary(good, 1.0, mode="shadow"), action="start", **WHO)
    service = Service(own, tmp_path)
    service.rollout.start()
    assert service.versions(20) == {"3": 20}
    for _ in range(100):
        if sum(one.shadow for one in service.kept) == 20:
            break
        time.sleep(0.05)
    beside = {one.prediction_id: one for one in service.kept if one.shadow}
    given = [one for one in service.kept if not one.shadow]
    assert len(beside) == len(given) == 20
    for one in given:
        other = beside[f"{one.prediction_id}-beside"]
        assert (other.variant, other.model, other.ticket) == ("challenger", good.ref, one.ticket)
    counted = service.rollout.sheet().counts
    assert (counted.challenger.answered, counted.challenger.served, counted.pairs) == (20, 0, 20)
    service.rollout.close()


def test_a_queue_that_is_full_drops_and_counts(own, good, tmp_path):
    plan.change(tmp_path, lambda found: canary(good, 1.0, mode="shadow"), action="start", **WHO)
    one = Service(own, tmp_path, queue=1)
    one.rollout.start()
    assert one.rollout.now.challenger is not None, "what the plan names is there from the first ticket on"
    one.versions(30)
    assert 0 < one.rollout.state()["dropped"] < 30
    one.rollout.close()


@pytest.mark.slow
def test_a_bad_challenger_is_taken_back_by_the_guard_and_a_good_one_reaches_all(service, good, bad):
    service.plan(lambda found: canary(bad, 0.5, QUICK))
    service.until(lambda: actions(service.state)[-1:] == ["rolled back"])
    entry = plan.history(service.state)[-1]
    assert entry.by == "guard" and "review: 100.0%" in entry.why and entry.challenger == bad.ref
    assert plan.read(service.state).mode == "off" and service.versions() == {"3": 60}
    assert service.rollout.alerts.fired == 1
    service.plan(lambda found: canary(good, 0.05, QUICK).model_copy(update={"rollout": "s"}))
    service.until(lambda: service.rollout.now.plan.share == 1)
    assert actions(service.state)[-3:] == ["start", "ramped", "ramped"]
    assert service.versions() == {"4": 60}


@pytest.mark.slow
def test_a_challenger_that_learnt_from_shuffled_labels_is_taken_back_by_the_guard(
    service, shuffled, monkeypatch
):
    told = []
    monkeypatch.setattr(service.rollout.alerts, "tag", lambda *said: told.append(said))
    service.plan(lambda found: canary(shuffled, 0.5, QUICK))
    service.until(lambda: actions(service.state)[-1:] == ["rolled back"])
    entry = plan.history(service.state)[-1]
    assert (entry.by, entry.challenger) == ("guard", shuffled.ref)
    assert "review: " in entry.why or "disagreement: " in entry.why
    ((version, sentence),) = told
    assert version == shuffled.ref and sentence.endswith(f": rolled back at 0%, {entry.why}")
    assert service.versions() == {"3": 60}


@pytest.mark.parametrize("fault, why", [("canary", "canary "), ("broken", "canaries.json has another hash")])
def test_a_version_that_fails_its_canaries_or_was_changed_is_refused(
    service, model_folder, tmp_path, fault, why
):
    wrong = planted.version(model_folder, tmp_path / "wrong", "6", fault=fault)
    for make in (
        lambda found: canary(wrong, 0.5),
        lambda found: Plan(champion=wrong, own=ModelRef(name="tickets", version="3")),
    ):
        service.plan(make)
        service.until(lambda: plan.history(service.state)[-1].by == "guard")
        entry = plan.history(service.state)[-1]
        assert entry.action == "refused" and why in entry.why
        assert plan.read(service.state).mode == "off" and service.versions() == {"3": 60}
    assert plan.read(service.state).champion is None


def test_a_champion_that_fails_right_after_a_challenger_leaves_who_answered_before(
    service, good, model_folder, tmp_path
):
    service.plan(lambda found: canary(good, 0.5))
    service.until(lambda: service.rollout.now.challenger)
    wrong = planted.version(model_folder, tmp_path / "wrong", "6", fault="broken")
    swapped = Plan(champion=wrong, own=ModelRef(name="tickets", version="3"))
    service.plan(lambda found: swapped, "swap")
    service.until(lambda: plan.history(service.state)[-1].by == "guard")
    service.until(lambda: service.rollout.now.plan == plan.read(service.state))
    assert actions(service.state)[-2:] == ["swap", "refused"]
    assert plan.read(service.state).champion is None and service.versions() == {"3": 60}


def test_a_champion_is_swapped_under_load_and_no_answer_is_lost(service, good, own):
    served: list[str] = []
    ended = threading.Event()

    def load() -> None:
        while not ended.is_set():
            served.append(service.ask(len(served)))

    thread = threading.Thread(target=load)
    thread.start()
    for champion in (good, None, good):
        service.plan(lambda found, champion=champion: Plan(champion=champion, own=own.ref), "swap")
        wanted = "4" if champion else "3"
        for _ in range(200):
            if served[-1:] == [wanted]:
                break
            time.sleep(0.05)
    ended.set()
    thread.join()
    swaps = [one for before, one in itertools.pairwise(served) if one != before]
    assert swaps == ["4", "3", "4"] and len(served) == len(service.kept)
    newer = Service(Predictor(own.model, ModelRef(name="tickets", version="9")), service.state)
    newer.rollout.start()
    assert newer.ask(0) == "9", "a swap is of the Bento that it was made in"
    newer.rollout.close()
    again = Service(own, service.state)
    again.rollout.start()
    assert again.ask(0) == "4", "and outlives the process"
    again.rollout.close()


def test_a_challenger_that_raises_is_stood_in_for_and_counted(service, good, monkeypatch):
    service.plan(lambda found: canary(good, 1.0))
    service.until(lambda: service.rollout.now.challenger)

    def fail(*_):
        raise RuntimeError("planted")

    monkeypatch.setattr(service.rollout.now.challenger, "answer", fail)
    assert service.versions(30) == {"3": 30}
    service.until(lambda: actions(service.state)[-1:] == ["rolled back"])
    assert "errors: 100.0%" in plan.history(service.state)[-1].why


def test_a_worker_takes_back_what_does_harm_though_the_disk_refuses(service, bad):
    service.plan(lambda found: canary(bad, 0.5))
    service.until(lambda: service.rollout.now.challenger)
    (service.state / plan.LOCK).unlink()
    (service.state / plan.LOCK).mkdir()  # cannot be opened as a file
    service.until(lambda: service.rollout.alerts.fired)
    assert service.versions() == {"3": 60} and plan.read(service.state).mode == "canary"


def test_overrides_of_this_steps_answers_are_counted(service, good):
    early = service.ask(0) and service.kept[-1]
    service.plan(lambda found: canary(good, 1.0))
    service.until(lambda: service.rollout.now.challenger)
    service.ask(1)
    for decision in (early, service.kept[-1]):
        service.rollout.corrected(decision)
    counted = service.rollout.sheet().counts
    assert (counted.champion.overridden, counted.challenger.overridden) == (0, 1)
