"""The MLflow room: runs, registered versions, aliases; the only module that imports it."""

import logging
import os
import re
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature, infer_signature
from sqlalchemy.exc import SQLAlchemyError

from ticket_triage.files import TriageError, workspace

logging.getLogger("mlflow").setLevel(logging.WARNING)
logging.getLogger("alembic").setLevel(logging.WARNING)

ARTIFACTS = Path("mlruns/artifacts")
EXPERIMENT = "ticket-triage"
CHAMPION, PREVIOUS = "champion", "previous"

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


def tracking_uri() -> str:
    """`MLFLOW_TRACKING_URI`, or MLflow's own default, absolute so that a copied work tree finds it too."""
    uri = os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"
    relative = re.fullmatch(r"sqlite:///([^/].*)", uri)
    return f"sqlite:///{workspace() / relative[1]}" if relative else uri


@contextmanager
def _spoken() -> Iterator[None]:
    """What MLflow or its database refuse, as a sentence."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        first = str(error).strip().splitlines()[0]
        raise TriageError(f"the MLflow store {tracking_uri()} did not answer: {first}") from error


def connect() -> MlflowClient:
    """A client whose store and experiment exist.

    Raises:
        TriageError: the store cannot be reached, is locked or read-only.
    """
    with _spoken():
        mlflow.set_tracking_uri(tracking_uri())
        client = MlflowClient()
        if client.get_experiment_by_name(EXPERIMENT) is None:
            local = tracking_uri().startswith("sqlite:")
            client.create_experiment(
                EXPERIMENT,
                artifact_location=(workspace() / ARTIFACTS).as_uri() if local else None,
                tags={"registry_id": uuid.uuid4().hex},
            )
        mlflow.set_experiment(EXPERIMENT)
    return client


def registry_id() -> str:
    """Names this store: receipts of another one mean nothing here."""
    client = connect()
    with _spoken():
        experiment = _experiment(client)
    return str(experiment.tags.get("registry_id", experiment.experiment_id))


def _experiment(client: MlflowClient) -> Any:
    if (experiment := client.get_experiment_by_name(EXPERIMENT)) is None:
        raise TriageError(f"the MLflow store {tracking_uri()} lost the experiment {EXPERIMENT}")
    return experiment


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
    connect()
    with _spoken(), _run(name) as run:
        mlflow.set_tags(dict(tags))
        mlflow.log_params(dict(params))
        mlflow.log_metrics(dict(metrics))
        for called, one in members.items():
            suffix = called.removeprefix("model")
            mlflow.log_table(pd.read_csv(one.folder / "trials.csv"), f"trials{suffix}.json")
            _log_model(one.folder, infer_signature(one.example, one.output), one.example, called)
        for picture in pictures:
            mlflow.log_artifact(str(picture), "plots")
        return str(run.info.run_id)


@contextmanager
def _run(name: str) -> Iterator[Any]:
    # `mlflow run` exports the id of its own run, which start_run would resume: it is the parent here.
    parent = os.environ.pop("MLFLOW_RUN_ID", None)
    try:
        with mlflow.start_run(run_name=name, parent_run_id=parent) as run:
            yield run
    finally:
        if parent:
            os.environ["MLFLOW_RUN_ID"] = parent


def _log_model(folder: Path, signature: ModelSignature, example: pd.DataFrame, name: str = "model") -> Any:
    # `name` and no `registered_model_name`: registering is a stage of its own. Requirements are given since
    # inferring them takes ten seconds and pins what is not needed.
    return mlflow.pyfunc.log_model(
        name=name,
        loader_module="ticket_triage.models.loading",
        data_path=str(folder),
        signature=signature,
        input_example=example,
        pip_requirements=[f"{name}=={metadata.version(name)}" for name in _NEEDED],
    )


def registered_name(pool: str, taxonomy: str) -> str:
    """One registered model for a pool of sources and a taxonomy: generated tickets never meet real ones."""
    return f"ticket-triage-{pool}-{taxonomy}"


def register(
    name: str,
    folder: Path,
    digest: str,
    example: pd.DataFrame,
    output: pd.DataFrame,
    *,
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
) -> str:
    """Make `folder` a version of the registered model `name`, or find the one that it already is; its version.

    Args:
        digest: the hash of the folder, by which an equal model is known again.
        example, output: some tickets and what the model answers, for its signature.
    """
    client = connect()
    with _spoken():
        if (known := find(name, digest)) is not None:
            return known
        try:
            client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        with _run("triage-model") as run:
            mlflow.log_metrics({k: v for k, v in metrics.items() if v == v})
            mlflow.set_tags(dict(tags))
            logged = _log_model(folder, infer_signature(example, output), example)
        version = client.create_model_version(
            name,
            logged.model_uri,
            run.info.run_id,
            tags={"digest": digest, **tags},
            model_id=getattr(logged, "model_id", None),
        )
    return str(version.version)


def find(name: str, digest: str) -> str | None:
    """The version whose model has that hash."""
    with _spoken():
        found = connect().search_model_versions(f"name = '{name}' and tags.digest = '{digest}'")
    return str(min(int(one.version) for one in found)) if found else None


def alias(name: str, which: str) -> str | None:
    """The version that an alias of the registered model `name` names."""
    client = connect()
    with _spoken():
        try:
            return str(client.get_registered_model(name).aliases.get(which) or "") or None
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise


def set_alias(name: str, which: str, version: str) -> None:
    """Move an alias."""
    with _spoken():
        connect().set_registered_model_alias(name, which, version)


def tag(name: str, tags: Mapping[str, str], version: str | None = None) -> None:
    """Set tags of a version, or of the registered model itself."""
    client = connect()
    with _spoken():
        for key, value in tags.items():
            if version is None:
                client.set_registered_model_tag(name, key, value)
            else:
                client.set_model_version_tag(name, version, key, value)


def tags_of(name: str, version: str | None = None) -> dict[str, str]:
    """Tags of a version, or of the registered model; empty where there is none."""
    client = connect()
    with _spoken():
        try:
            found = (
                client.get_registered_model(name)
                if version is None
                else client.get_model_version(name, version)
            )
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return {}
            raise
    return dict(found.tags)


def document(name: str, kind: str) -> Any:
    """The JSON value last kept under a registered model's name by `keep_document`, or None."""
    client = connect()
    with _spoken():
        if (run := _document_run(client, name, kind)) is None:
            return None
        return mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/{kind}.json")


def keep_document(name: str, kind: str, value: Any) -> None:
    """Keep a JSON value beside a registered model, in one run of the name `kind`; it replaces the one before."""
    client = connect()
    with _spoken():
        if (run := _document_run(client, name, kind)) is None:
            tags = {"document": kind, "registered_model": name}
            run = client.create_run(_experiment(client).experiment_id, run_name=kind, tags=tags)
        client.log_dict(run.info.run_id, value, f"{kind}.json")
        client.set_terminated(run.info.run_id)


def _document_run(client: MlflowClient, name: str, kind: str) -> Any:
    where = f"tags.document = '{kind}' and tags.registered_model = '{name}'"
    found = client.search_runs([_experiment(client).experiment_id], where, max_results=1)
    return found[0] if found else None


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


def fetch(name: str, version: str, folder: Path) -> Path:
    """Download a version's model folder below `folder` and return where it lies.

    Raises:
        TriageError: there is no such version, or its files are gone.
    """
    client = connect()
    with _spoken():
        known = sorted(int(one.version) for one in client.search_model_versions(f"name='{name}'"))
        if not known:
            raise TriageError(f"nothing is registered as {name}")
        if version not in map(str, known):
            raise TriageError(
                f"there is no version {version} of {name}: there are {', '.join(map(str, known))}"
            )
        root = Path(mlflow.artifacts.download_artifacts(f"models:/{name}/{version}", dst_path=str(folder)))
    for found in root.rglob("manifest.json"):
        return found.parent
    raise TriageError(f"version {version} of {name} holds no triage model")
