"""The notebooks run on what the pipeline made, whatever the source has and lacks, and are committed without traces."""

import dataclasses
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from small_repository import command

from ticket_triage.files import read_json, read_table, write_json, write_table
from ticket_triage.models import shelf
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.sources import choice

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECRET = "zanzibarquux"


def run(notebook: Path, folder: Path, out: Path) -> tuple[str, int]:
    """All that an executed notebook says, and how many pictures it draws."""
    words = [sys.executable, "-m", "papermill", str(notebook), str(out), "--no-progress-bar"]
    command(folder, *words, PYTHONPATH=str(ROOT / "src"))
    shown: list[dict[str, Any]] = [
        output for cell in read_json(out)["cells"] for output in cell.get("outputs", [])
    ]
    data = [output["data"] for output in shown if "data" in output]
    texts = [
        text
        for one in data
        for kind, text in one.items()
        if kind in ("text/markdown", "text/html", "text/plain")
    ]
    return "\n".join("".join(text) for text in texts), sum("image/png" in one for one in data)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs_or_traces_of_a_run(path: Path) -> None:
    notebook = json.loads(path.read_text("utf-8"))
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert set(notebook["metadata"]["language_info"]) == {"name"}
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
    assert path.stat().st_size < 40_000


@pytest.mark.slow
def test_the_tickets_are_explored(pipeline_folder: Path, tmp_path: Path) -> None:
    before = command(pipeline_folder, "git", "status", "--porcelain").stdout
    notebook = pipeline_folder / "notebooks/explore_tickets.ipynb"
    words, pictures = run(notebook, notebook.parent, tmp_path / "explored.ipynb")
    tickets = read_table(pipeline_folder / "data/validated/tickets.parquet")
    gold = sum(
        len(read_table(pipeline_folder / f"data/split/{part}.parquet")) for part in ("train", "validation")
    )
    assert f"**{len(tickets):,} tickets**" in words
    assert f"**category**: {gold:,} gold labels" in words
    weekend = (tickets["created_at"].dt.weekday >= 5).mean()
    assert f"the weekend has {weekend:.1%} of the tickets" in words
    assert "rows are in quarantine" in words
    assert "the longest conversation has" in words
    assert pictures == 9
    assert command(pipeline_folder, "git", "status", "--porcelain").stdout == before


@pytest.mark.slow
def test_the_models_are_compared(pipeline_folder: Path, tmp_path: Path) -> None:
    before = command(pipeline_folder, "git", "status", "--porcelain").stdout
    notebook = pipeline_folder / "notebooks/compare_models.ipynb"
    words, pictures = run(notebook, notebook.parent, tmp_path / "compared.ipynb")
    quality = read_json(pipeline_folder / "data/reports/evaluation/metrics.json")
    for task in ("category", "priority"):
        low, high = (quality[f"{task}.macro_f1_{end}"] for end in ("low", "high"))
        assert f"**{task}**: macro-F1 {quality[f'{task}.macro_f1']:.3f} ({low:.3f} to {high:.3f}" in words
        weights = read_json(pipeline_folder / "data/models/triage/model.json")["heads"][task]["voters"]
        most = max(weights, key=lambda voter: voter["weight"])["family"]
        assert f"**{task}**: the best single family is" in words
        assert f"most weight to *{most}*" in words
    for reason in read_json(pipeline_folder / "data/reports/promotion/promote.json")["reasons"]:
        assert reason in words
    assert "4 of the 4 members above have their run in this store" in words
    assert pictures == 9
    assert command(pipeline_folder, "git", "status", "--porcelain").stdout == before


def stripped(table: pd.DataFrame) -> pd.DataFrame:
    """Tickets of a source that has but texts, each holding a word that must not be shown, and categories."""
    known = table.assign(text=f"{SECRET} " + table["text"])
    for column in ("created_at", "customer", "channel", "earlier_tickets", "gold_priority"):
        if column in known:
            known[column] = pd.Series(pd.NA, known.index).astype(known[column].dtype)
    return known


@pytest.fixture
def bare_folder(pipeline_folder: Path, tmp_path: Path) -> Path:
    """What the pipeline makes of a team's own file of texts and categories: no date, no priority, no MLflow store."""
    folder = tmp_path / "bare"
    shutil.copytree(pipeline_folder / "data", folder / "data")
    shutil.copyfile(pipeline_folder / "params.yaml", folder / "params.yaml")
    choice.choose(
        "mine",
        {"kind": "csv", "path": "mine.csv", "columns": {"text": "body", "category": "topic"}},
        taxonomy=choice.EXPERTS,
        pool=None,
        add=False,
        path=folder / "params.yaml",
    )
    for name in ("validated/tickets", "split/train", "split/validation", "split/unlabelled"):
        path = folder / f"data/{name}.parquet"
        write_table(path, stripped(read_table(path)))
    hindsight = folder / "data/validated/hindsight.parquet"
    write_table(hindsight, read_table(hindsight).head(0))
    for path in sorted((folder / "data/models/members/priority").iterdir()):
        shelf.skip("priority", path.name, path, "priority has 0 gold tickets, 60 are needed")
        write_json(
            folder / f"data/reports/train/priority-{path.name}.json", {"run_id": None, "skipped": "none"}
        )
    triage = folder / "data/models/triage"
    model = TriageModel.load(triage)
    one = dataclasses.replace(model, heads={"category": model.heads["category"]}, canaries=())
    one.save(folder / "data/models/one", triage)
    shutil.rmtree(triage)
    (folder / "data/models/one").rename(triage)
    for name, place in (("evaluation/metrics", None), ("promotion/promote", "test")):
        path = folder / f"data/reports/{name}.json"
        content = read_json(path)
        part = content if place is None else content[place]
        for key in [key for key in part if key.startswith("priority")]:
            del part[key]
        write_json(path, content)
    return folder


@pytest.mark.slow
def test_a_source_of_bare_texts_is_explored_too_and_no_text_of_a_customer_is_shown(bare_folder: Path) -> None:
    words, pictures = run(NOTEBOOKS[1], bare_folder, bare_folder / "explored.ipynb")
    assert "No ticket has a date." in words
    assert "No ticket has a time of day." in words
    assert "No ticket has gold for priority." in words
    assert "No source says when a ticket was answered." in words
    assert "No source knows the rest of a conversation." in words
    assert pictures == 2
    assert SECRET not in (bare_folder / "explored.ipynb").read_text("utf-8")


@pytest.mark.slow
def test_a_model_of_one_task_is_compared_too(bare_folder: Path) -> None:
    words, pictures = run(NOTEBOOKS[0], bare_folder, bare_folder / "compared.ipynb")
    assert "**priority** has no member: priority has 0 gold tickets, 60 are needed." in words
    assert "There is no MLflow store here" in words
    assert pictures == 6
    assert SECRET not in (bare_folder / "compared.ipynb").read_text("utf-8")
    assert not list(bare_folder.glob("ml*"))
