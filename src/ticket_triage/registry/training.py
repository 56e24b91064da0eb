"""What an executed training stage leaves in MLflow: one run, with the members that it fitted."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from ticket_triage.models import shelf
from ticket_triage.registry.runs import commit, log_model, started
from ticket_triage.registry.store import session


def record(
    name: str,
    members: Mapping[str, tuple[Path, pd.DataFrame]],
    *,
    params: Mapping[str, Any],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    pictures: Sequence[Path] = (),
) -> str:
    """Record an executed training stage as exactly one run and return its id.

    Args:
        name: of the run.
        members: folders of what the stage fitted, each with feature rows, by the name that the logged model gets.
        tags: the Git commit is added to them.
    """
    with session(), started(name) as run:
        mlflow.set_tags({**tags, "commit": commit()})
        mlflow.log_params(dict(params))
        mlflow.log_metrics(dict(metrics))
        for called, (folder, rows) in members.items():
            suffix, example = called.removeprefix("model"), rows.head(5)
            mlflow.log_table(pd.read_csv(folder / "trials.csv"), f"trials{suffix}.json")
            log_model(folder, example, shelf.load(folder).predict_proba(example), called)
        for picture in pictures:
            mlflow.log_artifact(str(picture), "plots")
        return str(run.info.run_id)
