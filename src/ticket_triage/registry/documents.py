"""JSON documents that lie beside a registered model, each in a run of its own."""

from typing import Any

import mlflow
from mlflow import MlflowClient

from ticket_triage.registry.store import experiment, session


def read(name: str, kind: str) -> Any:
    """The JSON value last kept under a registered model's name by `keep`, or None."""
    with session() as client:
        if (run := _run(client, name, kind)) is None:
            return None
        return mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/{kind}.json")


def keep(name: str, kind: str, value: Any) -> None:
    """Keep a JSON value beside a registered model, in one run of the name `kind`; it replaces the one before."""
    with session() as client:
        if (run := _run(client, name, kind)) is None:
            tags = {"document": kind, "registered_model": name}
            run = client.create_run(experiment(client).experiment_id, run_name=kind, tags=tags)
        client.log_dict(run.info.run_id, value, f"{kind}.json")
        client.set_terminated(run.info.run_id)


def _run(client: MlflowClient, name: str, kind: str) -> Any:
    where = f"tags.document = '{kind}' and tags.registered_model = '{name}'"
    found = client.search_runs([experiment(client).experiment_id], where, max_results=1)
    return found[0] if found else None
