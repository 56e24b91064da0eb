"""The whole of it, for real: every stage on a small generated sample, then what must not and what must run again."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from small_repository import command, edit, make, ran, state

from ticket_triage.files import read_json, sha256
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.schema import Ticket
from ticket_triage.serving.predictor import Predictor

pytestmark = pytest.mark.slow


def test_the_summary_says_what_came_of_it(pipeline_folder: Path) -> None:
    said = (pipeline_folder / "first_run.log").read_text()
    for word in ("Rows in", "Quarantined", "Labelled", "Category", "Priority", "Champion", "Bento", "Drift"):
        assert re.search(rf"^{word}", said, re.M), word
    assert re.search(r"macro-F1 on the gold test 0\.\d{3} \(0\.\d{3} to 0\.\d{3}\)", said)
    for page in re.findall(r"data/reports/\S+\.html", said):
        assert (pipeline_folder / page).stat().st_size > 500, page
    assert "make serve" in said
    stages = (
        "ingest validate split forecast label features train encode assemble audit evaluate refit register promote "
        "package monitor"
    )
    assert {re.sub("@.*", "", one) for one in ran(said)} == {*stages.split(), "probe"}


def test_each_training_stage_is_one_run_that_its_receipt_names(pipeline_folder: Path) -> None:
    receipts = [read_json(path) for path in (pipeline_folder / "data/reports/train").glob("*.json")]
    runs = state(pipeline_folder)["runs"]
    made = {one["run_id"] for one in receipts} - {None}  # without an encoder its stage trained nothing
    assert (len(receipts), len(made)) == (5, 4)
    assert made < set(runs)
    assert len(runs) == 5  # and the one whose model is registered


def test_a_second_run_does_nothing_and_says_so(pipeline_folder: Path) -> None:
    before = state(pipeline_folder)
    again = command(pipeline_folder, sys.executable, "-m", "pipelines").stdout
    assert ran(again) == ["probe"]
    assert "Nothing to do" in again
    assert state(pipeline_folder) == before
    assert command(pipeline_folder, "git", "status", "--porcelain").stdout == ""


def test_changing_a_helper_concerns_the_stages_that_import_it(pipeline_folder: Path) -> None:
    for module, stages in {
        "labeling/label_model.py": {"label"},
        "monitoring/distance.py": {"monitor"},
        "models/ensemble.py": {
            "forecast",
            "train",
            "encode",
            "assemble",
            "audit",
            "evaluate",
            "refit",
            "register",
            "promote",
            "package",
            "monitor",
            "probe",
        },
    }.items():
        path = pipeline_folder / "src/ticket_triage" / module
        before = path.read_text("utf-8")
        path.write_text(before + "\n# changed\n", "utf-8")
        changed = json.loads(command(pipeline_folder, "dvc", "status", "--json").stdout)
        path.write_text(before, "utf-8")
        assert {name.split("@")[0] for name in changed} - {"probe"} == stages - {"probe"}, module


def test_nothing_before_promotion_reads_the_sealed_parts(pipeline_folder: Path) -> None:
    sealed = [pipeline_folder / f"data/split/{part}.parquet" for part in ("test", "newest")]
    model = sha256(pipeline_folder / "data/models/triage")
    report = sha256(pipeline_folder / "data/reports/evaluation")
    kept = {path: path.read_bytes() for path in sealed}
    for path in sealed:
        path.unlink()
    try:
        stages = [
            "label",
            "features",
            "train@category-naive_bayes",
            "train@category-logistic_regression",
            "assemble",
            "evaluate",
        ]
        said = command(pipeline_folder, "dvc", "repro", "--force", "--single-item", *stages).stdout
        assert ran(said) == stages
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
        command(pipeline_folder, "git", "checkout", "-q", "dvc.lock")
        command(pipeline_folder, "dvc", "checkout", "-q", "--force")
    # The same inputs gave the same bytes too.
    assert sha256(pipeline_folder / "data/models/triage") == model
    assert sha256(pipeline_folder / "data/reports/evaluation") == report


def test_what_serves_answers_what_was_evaluated(pipeline_folder: Path, tmp_path: Path) -> None:
    champion = pipeline_folder / "data/models/champion"
    ref = read_json(champion / "ref.json")
    tickets = pd.read_parquet(pipeline_folder / "data/split/validation.parquet").head(20)
    expected = TriageModel.load(pipeline_folder / "data/models/triage").predict(tickets)
    pd.testing.assert_frame_equal(TriageModel.load(champion).predict(tickets), expected)
    (bento,) = (pipeline_folder / "bentos/bentos").glob(f"*/{ref['version']}-*/src/model")
    served = Predictor.load(bento)
    (tmp_path / "texts.json").write_text(json.dumps(list(tickets["text"])))
    script = (
        "import sys, json, pandas, mlflow; from ticket_triage.registry import store; store.connect();"
        f"model = mlflow.pyfunc.load_model('models:/{ref['name']}/{ref['version']}');"
        "texts = json.load(open(sys.argv[1]));"
        "print(model.predict(pandas.DataFrame({'text': texts})).to_json(orient='records'))"
    )
    said = command(pipeline_folder, sys.executable, "-c", script, str(tmp_path / "texts.json")).stdout
    logged = json.loads(said.strip().splitlines()[-1])
    bare = TriageModel.load(champion).predict(tickets[["text"]])
    for (_, row), text, record in zip(bare.iterrows(), tickets["text"], logged, strict=True):
        answer = served.predict(Ticket(text=text))
        for task in ("category", "priority"):
            assert getattr(answer, task).label == row[task] == record[task]
            assert getattr(answer, task).confidence == pytest.approx(row[f"{task}_confidence"], abs=1e-6)
            assert record[f"{task}_confidence"] == pytest.approx(row[f"{task}_confidence"], abs=1e-6)


def test_killed_in_the_middle_it_ends_as_if_it_were_not(pipeline_folder: Path, tmp_path: Path) -> None:
    folder = make(tmp_path)
    shutil.copyfile(pipeline_folder / "params.yaml", folder / "params.yaml")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for stage, seconds in (("ingest", 2.5), ("validate", 4.0), ("train@category-logistic_regression", 4.0)):
        process = subprocess.Popen(
            [sys.executable, "-m", "dvc", "repro", stage],
            cwd=folder,
            env={
                **{key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")},
                "PATH": path,
                "PYTHONPATH": str(folder / "src"),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    # Not DVC itself, which refuses to run when the kill cut off its lock file.
    command(folder, sys.executable, "-m", "pipelines", "assemble")
    assert sha256(folder / "data/models/triage") == sha256(pipeline_folder / "data/models/triage")
    drafts = [path for path in (folder / "data").rglob(".*") if path.name not in {".studies", ".gitignore"}]
    assert not drafts


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("trials: 1 ", "trails: 1 ", "`train.trails` is not a known key"),
        ("folds: 2", "folds: two", "`train.folds` is 'two'"),
        ("kind: sample", "kind: fax", "known kinds are"),
        ("pool: sample", "pool: My Pool!", "`ingest.pool` is 'My Pool!'"),
    ],
)
def test_a_wrong_parameter_is_one_sentence(
    pipeline_folder: Path, old: str, new: str, sentence: str, tmp_path: Path
) -> None:
    shutil.copyfile(pipeline_folder / "params.yaml", tmp_path / "params.yaml")
    edit(tmp_path, old, new)
    done = command(tmp_path, sys.executable, "-m", "pipelines", check=False, PYTHONPATH=str(pipeline_folder))
    assert done.returncode == 1
    assert sentence in done.stdout
    assert "Traceback" not in done.stdout
    assert len(done.stdout.strip().splitlines()) == 1


def test_dvc_shows_the_dag_metrics_and_plots(pipeline_folder: Path) -> None:
    assert "monitor" in command(pipeline_folder, "dvc", "dag").stdout
    assert "category.macro_f1" in command(pipeline_folder, "dvc", "metrics", "show", "--md").stdout
    page = (
        command(pipeline_folder, "dvc", "plots", "show", "-o", "data/plots").stdout.strip().splitlines()[-1]
    )
    assert Path(page.removeprefix("file://")).stat().st_size > 2_000


def test_another_machine_pulls_data_and_models_and_scores_with_them(
    pipeline_folder: Path, tmp_path: Path
) -> None:
    store, there = tmp_path / "store", tmp_path / "there"
    for words in (["remote", "add", "--local", "-f", "-d", "store", str(store)], ["push"]):
        command(pipeline_folder, "dvc", *words)
    command(tmp_path, "git", "clone", "-q", str(pipeline_folder), str(there))
    for words in (["remote", "add", "--local", "-d", "store", str(store)], ["pull", "--allow-missing"]):
        command(there, "dvc", *words)
    assert not (there / "mlruns").exists()
    assert sha256(there / "data/models") == sha256(pipeline_folder / "data/models")
    (there / "in.csv").write_text("id,text\n1,I was charged twice\n2,\n3,where is my parcel?\n")
    command(there, "ticket-triage", "predict", "in.csv", "out.csv")
    scored = pd.read_csv(there / "out.csv")
    assert list(scored["id"]) == [1, 2, 3]
    assert scored["decision"].isin(["auto", "review"]).all()
    # Its registry is empty, so the model is registered and promoted there; nothing is trained anew.
    again = ran(command(there, "dvc", "repro").stdout)
    assert again[:4] == ["probe", "register", "promote", "package"]
    assert again[4:] in ([], ["monitor"])


def test_a_missing_file_and_a_locked_store_are_said_in_a_sentence(
    pipeline_folder: Path, tmp_path: Path
) -> None:
    done = command(pipeline_folder, "ticket-triage", "source", "twcs", "nowhere.csv", check=False)
    assert (done.returncode, done.stdout) == (1, "ticket-triage: there is no file nowhere.csv\n")
    broken = tmp_path / "mlflow.db"
    broken.write_text("this is no database")
    words = [
        "-m",
        "pipelines.probe",
        "data/validated/taxonomy.yaml",
        "data/models/triage",
        str(tmp_path / "out"),
    ]
    done = command(
        pipeline_folder, sys.executable, *words, check=False, MLFLOW_TRACKING_URI=f"sqlite:///{broken}"
    )
    assert done.returncode == 1
    assert "did not answer" in done.stdout.splitlines()[-1]
    assert "Traceback" not in done.stdout
    assert not (tmp_path / "out").exists()
