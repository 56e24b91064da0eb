"""Runs: what an executed training stage leaves in MLflow, and how a folder becomes a logged model."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.models import infer_signature

from ticket_triage.registry.store import session

# What a saved model needs to answer, at the versions that made it.
_NEEDED = (
    "ftfy",
    "lightgbm",
    "numpy",
    "onnxruntime",
    "pandas",
    "pycld2",
    "pydantic",
    "pyyaml",
    "scikit-learn",
    "scipy",
    "skops",
    "tokenizers",
)


@dataclass(frozen=True)
class Fitted:
    """A saved member, some feature rows and what it makes of them, for its signature."""

    folder: Path
    example: pd.DataFrame
    output: pd.DataFrame


def log_training(
    name: str,
    members: Mapping[str, Fitted],
    *,
    params: Mapping[str, Any],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    pictures: Sequence[Path] = (),
) -> str:
    """Record an executed training stage as exactly one run and return its id.

    Args:
        name: of the run.
        members: what the stage fitted, by the name that the logged model gets.
    """
    with session(), started(name) as run:
        mlflow.set_tags(dict(tags))
        mlflow.log_params(dict(params))
        mlflow.log_metrics(dict(metrics))
        for called, one in members.items():
            suffix = called.removeprefix("model")
            mlflow.log_table(pd.read_csv(one.folder / "trials.csv"), f"trials{suffix}.json")
            log_model(one.folder, one.example, one.output, called)
        for picture in pictures:
            mlflow.log_artifact(str(picture), "plots")
        return str(run.info.run_id)


@contextmanager
def started(name: str) -> Iterator[Any]:
    """A run of that name while the block lasts, below the run that `mlflow run` made, if that started us."""
    # `mlflow run` exports the id of its own run, which start_run would resume: it is the parent here.
    parent = os.environ.pop("MLFLOW_RUN_ID", None)
    try:
        with mlflow.start_run(run_name=name, parent_run_id=parent) as run:
            yield run
    finally:
        if parent:
            os.environ["MLFLOW_RUN_ID"] = parent


def log_model(folder: Path, example: pd.DataFrame, output: pd.DataFrame, name: str = "model") -> Any:
    """Log the files of a folder as a model of the run that was started; example and output are for its signature."""
    # `name` and no `registered_model_name`: registering is a stage of its own. Requirements are given since
    # inferring them takes ten seconds and pins what is not needed.
    return mlflow.pyfunc.log_model(
        name=name,
        loader_module="ticket_triage.models.loading",
        data_path=str(folder),
        signature=infer_signature(example, output),
        input_example=example,
        pip_requirements=[f"{name}=={metadata.version(name)}" for name in _NEEDED],
    )


def commit() -> str:
    """The Git commit of the working folder, with `+` where it has changes; empty outside a checkout."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip()
