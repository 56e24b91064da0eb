import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from ticket_triage.cli import app
from ticket_triage.serving import openapi

ROOT = Path(__file__).parent.parent
TEXTS = ["my parcel is late, please refund the invoice", "", "the internet is down again"]


def run(*words: object, input: str | None = None):
    return CliRunner().invoke(app, [str(word) for word in words], input=input)


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    pd.DataFrame({"ticket_id": ["a", "b", "c"], "text": TEXTS}).to_csv(tmp_path / "in.csv", index=False)
    return tmp_path / "in.csv"


def test_help_names_every_command_and_how_to_call_it():
    help = run("--help").output
    for command in ("predict", "serve", "schema", "label-report"):
        assert command in help
    assert "predictions.csv" in run("predict", "--help").output
    assert "127.0.0.1" in run("serve", "--help").output


def test_predict_scores_a_file_and_sums_up(model_folder, tickets, tmp_path):
    done = run("predict", tickets, tmp_path / "out.csv", "--model", model_folder, "--reasons", "2")
    assert done.exit_code == 0, done.output
    assert "3 tickets to" in done.stderr and "1 of them could not be answered" in done.stderr
    assert done.stdout == ""
    found = pd.read_csv(tmp_path / "out.csv")
    assert found["ticket_id"].tolist() == ["a", "b", "c"]
    assert found["error"].tolist()[1] == "no text"
    assert found["reasons"].notna().tolist() == [True, False, True]


def test_a_model_without_a_registered_version_is_named_by_its_content(model_folder, tickets, tmp_path):
    run("predict", tickets, tmp_path / "out.csv", "--model", model_folder)
    (model,) = pd.read_csv(tmp_path / "out.csv")["model"].unique()
    assert model.startswith(f"{model_folder.name}:unregistered-")


def sentence(done, *parts: str) -> None:
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("ticket-triage: ")
    for part in parts:
        assert part in lines[0]


def test_what_goes_wrong_is_one_sentence_and_status_1(model_folder, tickets, tmp_path):
    out, model = tmp_path / "out.csv", ("--model", model_folder)
    sentence(run("predict", tmp_path / "none.csv", out, *model), "none.csv", "No such file")
    sentence(run("predict", tickets, out, "--text", "body", *model), "no column 'body'")
    sentence(run("predict", tickets, out, "--model", tmp_path / "none"), "there is no model at")
    sentence(run("predict", tickets, out, "--model", tmp_path), str(tmp_path))
    sentence(run("predict", tickets, tmp_path / "out.xlsx", *model), "out.xlsx")
    sentence(run("predict", tickets, out, "--format", "xml", *model), "csv or jsonl")
    sentence(run("serve", "--bento", "none:1", "--home", tmp_path), "make package")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_model_of_the_pool_before_is_told(model_folder, tickets, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    receipt = tmp_path / "data/reports/promotion/promote.json"
    receipt.parent.mkdir(parents=True)
    receipt.write_text(json.dumps({"model": "ticket-triage-my-my", "champion": None}))
    done = run("predict", tickets, tmp_path / "out.csv", "--model", model_folder)
    assert done.exit_code == 0
    assert "warning: ticket-triage-my-my has no champion" in done.stderr
    receipt.write_text(json.dumps({"model": "ticket-triage-my-my", "champion": "1"}))
    assert "warning" not in run("predict", tickets, tmp_path / "out.csv", "--model", model_folder).stderr


def test_a_bento_that_is_older_than_the_code_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path, content in {
        "bentos/bentos/triage/3/bento.yaml": "",
        "bentos/bentos/triage/3/src/ticket_triage/text.py": "old",
        "src/ticket_triage/text.py": "new",
        "bentofile.yaml": "include: [src/ticket_triage/text.py]",
        "package.json": json.dumps({"bento": "triage:3", "model": "m", "version": "3"}),
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    with socket.create_server(("127.0.0.1", 0)) as taken:  # so that it does not start
        serve = ("serve", "--home", "bentos", "--open", "--port", str(taken.getsockname()[1]), "--bento")
        told = run(*serve, "package.json")
        assert "warning: triage:3 is older than the code: `make package` makes a new one" in told.stderr
        assert "warning" not in run(*serve, "triage:3").stderr, "asked for by its name"


def test_a_source_that_cannot_be_read_leaves_params_as_they_were(tickets, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = shutil.copyfile(ROOT / "params.yaml", tmp_path / "params.yaml").read_bytes()
    sentence(run("source", "csv", ""), "make pipeline SOURCE=csv CSV=path")
    sentence(run("source", "twcs", ""), "TWCS=path")
    sentence(run("source", "csv", tickets, "--text", "body"), "no column 'body'", "ticket_id, text")
    assert (tmp_path / "params.yaml").read_bytes() == kept


def test_rolling_back_needs_nothing_that_stages_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "data").mkdir()
    for name in ("params.yaml", "data/taxonomy.yaml"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    sentence(
        run("rollback"), "ticket-triage-sample-support has no previous version", "none was ever packaged"
    )


def test_the_schema_is_printed():
    assert json.loads(run("schema").stdout) == openapi.prediction_schema()


def test_standard_input_to_standard_output(model_folder):
    lines = "".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(TEXTS))
    done = run("predict", "-", "-", "--model", model_folder, input=lines)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in rows] == [0, 1, 2]
    assert rows[1]["error"] == "no text" and rows[0]["category"]
    assert "3 tickets to standard output" in done.stderr
    done = run("predict", "-", "-", "--format", "csv", "--model", model_folder, input="id,text\n7,hello\n")
    assert done.stdout.splitlines()[1].startswith("7,")


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_error_to_talk_about(model_folder, tmp_path):
    (tmp_path / "in.csv").write_text(
        "id,text\n" + "".join(f"{n},parcel {n} is late\n" for n in range(20_000))
    )
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-c", "from ticket_triage.cli import app; app()", "predict", "in.csv", "-"]
    done = subprocess.run(
        [*command, "--model", str(model_folder)],
        stdout=writing,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")
