"""Runs of MLflow, and how a folder becomes a model that one of them logged."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.models import infer_signature

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
    "xgboost-cpu",
)


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
