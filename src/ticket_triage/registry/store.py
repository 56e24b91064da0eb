"""MLflow's store: where it is, a client of it, and what it refuses as a sentence."""

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from ticket_triage.files import TriageError, workspace

ARTIFACTS = Path("mlruns/artifacts")
EXPERIMENT = "ticket-triage"


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


@contextmanager
def session() -> Iterator[MlflowClient]:
    """A client as of `connect`; what the store refuses while it is used is a TriageError too."""
    with _spoken():
        yield connect()


def registry_id() -> str:
    """Names this store: receipts of another one mean nothing here."""
    with session() as client:
        found = experiment(client)
    return str(found.tags.get("registry_id", found.experiment_id))


def experiment(client: MlflowClient) -> Any:
    """The experiment that holds all of our runs.

    Raises:
        TriageError: somebody took it away.
    """
    if (found := client.get_experiment_by_name(EXPERIMENT)) is None:
        raise TriageError(f"the MLflow store {tracking_uri()} lost the experiment {EXPERIMENT}")
    return found
