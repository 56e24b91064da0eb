"""The MLflow room."""

from pathlib import Path

import pandas as pd
import pytest

from ticket_triage import features
from ticket_triage.files import TriageError
from ticket_triage.models import shelf
from ticket_triage.models.loading import flat
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.registry import runs, training, versions
from ticket_triage.registry.store import EXPERIMENT, connect, registry_id


def test_a_training_is_one_run_with_all_that_made_it(
    store: Path, members: dict[tuple[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    folder = members["category", "naive_bayes"]
    example = features.build(pd.DataFrame({"text": ["refund my card", "internet down"]}))
    output = shelf.load(folder).predict_proba(example)
    picture = store / "history.png"
    picture.write_bytes(b"png")
    client = connect()
    experiment = client.get_experiment_by_name(EXPERIMENT)
    parent = client.create_run(experiment.experiment_id).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", parent)  # as `mlflow run` leaves it
    tags = {"task": "category", "family": "naive_bayes", "data": "d" * 32}
    made = training.record(
        "category-naive_bayes",
        {"model": (folder, example)},
        params={"alpha": 0.1},
        metrics={"cv_macro_f1": 0.7},
        tags=tags,
        pictures=[picture],
    )
    found = client.get_run(made)
    assert made != parent
    assert found.data.tags["mlflow.parentRunId"] == parent
    assert found.data.params["alpha"] == "0.1"
    assert found.data.metrics["cv_macro_f1"] == 0.7
    assert found.data.tags["data"] == "d" * 32
    assert found.data.tags["commit"] == runs.commit()
    assert {one.path for one in client.list_artifacts(made)} >= {"plots", "trials.json"}
    assert len(client.search_runs([experiment.experiment_id])) == 2
    (logged,) = client.search_logged_models([experiment.experiment_id])
    loaded = mlflow.pyfunc.load_model(logged.model_uri)
    assert loaded.metadata.signature is not None
    assert loaded.input_example is not None
    pd.testing.assert_frame_equal(loaded.predict(example), output)


def test_an_equal_model_is_found_and_not_registered_again(store: Path, model_folder: Path) -> None:
    example = pd.DataFrame({"text": ["refund my card"]})
    output = flat(TriageModel.load(model_folder), example)
    made = [
        versions.register("m", model_folder, digest, example, output, metrics={}, tags={"data": "d"})
        for digest in ("one", "one", "two")
    ]
    assert made == ["1", "1", "2"]
    assert versions.find("m", "three") is None
    with pytest.raises(TriageError, match="no version 99 of m: there are 1, 2"):
        versions.fetch("m", "99", store / "room")
    fetched = versions.fetch("m", "1", store / "room")
    pd.testing.assert_frame_equal(
        TriageModel.load(fetched).predict(example), TriageModel.load(model_folder).predict(example)
    )


def test_what_is_not_there_is_none_or_a_sentence(store: Path) -> None:
    assert versions.alias("m", "champion") is None
    assert versions.tags_of("m") == {}
    assert versions.tags_of("m", "3") == {}
    with pytest.raises(TriageError, match="nothing is registered as m"):
        versions.fetch("m", "1", store)


def test_a_store_keeps_its_name(store: Path) -> None:
    assert registry_id() == registry_id() != ""


def test_a_broken_store_is_a_sentence(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (store / "broken.db").write_text("no database")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store / 'broken.db'}")
    with pytest.raises(TriageError, match=r"the MLflow store sqlite:///.*broken\.db did not answer"):
        connect()
