"""Versions of registered models: made, found, named by aliases, described by tags, fetched."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from ticket_triage.files import TriageError
from ticket_triage.registry import runs
from ticket_triage.registry.store import session

CHAMPION, PREVIOUS = "champion", "previous"  # aliases


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
    with session() as client:
        if (known := find(name, digest)) is not None:
            return known
        try:
            client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        with runs.started("triage-model") as run:
            mlflow.log_metrics({k: v for k, v in metrics.items() if v == v})
            mlflow.set_tags(dict(tags))
            logged = runs.log_model(folder, example, output)
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
    with session() as client:
        found = client.search_model_versions(f"name = '{name}' and tags.digest = '{digest}'")
    return str(min(int(one.version) for one in found)) if found else None


def alias(name: str, which: str) -> str | None:
    """The version that an alias of the registered model `name` names."""
    with session() as client:
        found = _get(client, name, None)
    return str(found.aliases.get(which) or "") or None if found else None


def set_alias(name: str, which: str, version: str) -> None:
    """Move an alias."""
    with session() as client:
        client.set_registered_model_alias(name, which, version)


def tag(name: str, tags: Mapping[str, str], version: str | None = None) -> None:
    """Set tags of a version, or of the registered model itself."""
    with session() as client:
        for key, value in tags.items():
            if version is None:
                client.set_registered_model_tag(name, key, value)
            else:
                client.set_model_version_tag(name, version, key, value)


def tags_of(name: str, version: str | None = None) -> dict[str, str]:
    """Tags of a version, or of the registered model; empty where there is none."""
    with session() as client:
        found = _get(client, name, version)
    return dict(found.tags) if found else {}


def _get(client: MlflowClient, name: str, version: str | None) -> Any:
    """A version, or the registered model itself; None where there is none."""
    try:
        return client.get_model_version(name, version) if version else client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def fetch(name: str, version: str, folder: Path) -> Path:
    """Download a version's model folder below `folder` and return where it lies.

    Raises:
        TriageError: there is no such version, or its files are gone.
    """
    with session() as client:
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
