"""This repository in small: its files, with a `params.yaml` whose pipeline runs in a minute or two."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from ticket_triage.files import sha256

ROOT = Path(__file__).parent.parent


def command(
    folder: Path, *words: str, check: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command of this environment in a folder; standard output and error come together in `stdout`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "GIT_", "DVC_"))
    }
    done = subprocess.run(
        words,
        cwd=folder,
        env=clean | {"PATH": path, "PYTHONPATH": str(folder / "src"), "COLUMNS": "200", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
    )
    assert not check or done.returncode == 0, f"{' '.join(words)}\n{done.stdout}"
    return done


def make(folder: Path) -> Path:
    """A repository of its own with this work tree's files and a small `params.yaml`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file() and name != "dvc.lock":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    text = (folder / "params.yaml").read_text("utf-8")
    for old, new in {
        "tickets: 12000": "tickets: 1500",
        "gold: 5000": "gold: 1200",
        "trials: 2 ": "trials: 1 ",
        "mode: frozen": "mode: none",
        "folds: 3": "folds: 2",
        "members: [naive_bayes, logistic_regression, decision_tree, random_forest, lightgbm, xgboost]": (
            "members: [naive_bayes, logistic_regression]"
        ),
        "bootstrap: 1000": "bootstrap: 100",
        "max_rows: 2000": "max_rows: 300",
        "category: 0.5, priority: 0.45": "category: 0.2, priority: 0.2",
    }.items():
        assert old in text, f"params.yaml has no {old!r}"
        text = text.replace(old, new)
    (folder / "params.yaml").write_text(text, "utf-8")
    for words in (
        ["git", "init", "-q", "-b", "main"],
        ["git", "config", "user.email", "test@example.org"],
        ["git", "config", "user.name", "test"],
        ["git", "add", "-A"],
        ["git", "commit", "-qm", "small"],
    ):
        command(folder, *words)
    return folder


def run_once(folder: Path) -> Path:
    """A small repository whose whole pipeline ran and is committed."""
    make(folder)
    (folder / "first_run.log").write_text(command(folder, sys.executable, "-m", "pipelines").stdout)
    command(folder, "git", "add", "dvc.lock")
    command(folder, "git", "commit", "-qm", "run")
    return folder


def ran(output: str) -> list[str]:
    """Stages that DVC ran, by its own word."""
    return re.findall(r"Running stage '([^']+)'", output)


def state(folder: Path) -> dict[str, object]:
    """Runs and versions of MLflow, Bentos, and the bytes of every output."""
    from mlflow import MlflowClient  # seconds that only some tests need

    from ticket_triage.registry.store import EXPERIMENT

    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiment = client.get_experiment_by_name(EXPERIMENT)
    found = {
        "runs": sorted(run.info.run_id for run in client.search_runs([experiment.experiment_id])),
        "versions": sorted(f"{one.name}:{one.version}" for one in client.search_model_versions("")),
    }
    found["bentos"] = sorted(str(path) for path in (folder / "bentos/bentos").glob("*/*/bento.yaml"))
    found["outputs"] = {
        name: sha256(folder / "data" / name) for name in ("models", "reports", "split", "features")
    }
    return found


def edit(folder: Path, old: str, new: str, name: str = "params.yaml") -> None:
    text = (folder / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), "utf-8")
