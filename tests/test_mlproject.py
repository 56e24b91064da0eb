"""MLproject names things that exist, and MLflow runs its entry points."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from mlflow.projects.utils import load_project
from small_repository import command
from typer.main import get_command

from ticket_triage import cli, params

ROOT = Path(__file__).parent.parent
POINTS = yaml.safe_load((ROOT / "MLproject").read_text("utf-8"))["entry_points"]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
GIVEN = {"source": "sample", "stage": "validate", "trials": "2"}


def commands(name: str) -> list[list[str]]:
    """The words of each command of an entry point, as MLflow fills them in."""
    given = {key: GIVEN[key] for key in POINTS[name].get("parameters", {})}
    line = load_project(ROOT).get_entry_point(name).compute_command(given, storage_dir=None)
    return [shlex.split(part) for part in line.split("&&")]


def test_the_environment_is_the_one_that_make_sets_up() -> None:
    assert load_project(ROOT).env_config_path is None
    assert set(POINTS) == {"main", "pipeline", "stage", "train", "package"}


@pytest.mark.parametrize("name", POINTS)
def test_every_command_exists(name: str) -> None:
    for first, *rest in commands(name):
        if first == "python":
            assert rest == ["-m", "pipelines"]
            assert (ROOT / "pipelines/__main__.py").is_file()
        elif first == "dvc":
            assert rest[0] in {"repro", "exp"}
            assert [word for word in rest if word in STAGES], "names no stage of dvc.yaml"
        else:
            assert first == "ticket-triage"
            assert rest[0] in get_command(cli.app).commands


@pytest.mark.parametrize("name", POINTS)
def test_every_value_that_is_set_is_a_key_of_params(name: str) -> None:
    for words in commands(name):
        for key, value in re.findall(r"--set-param ([\w.]+)=(\S+)", " ".join(words)):
            section, last = key.split(".")
            assert last in PARAMS[section]
            changed = PARAMS | {section: PARAMS[section] | {last: yaml.safe_load(value)}}
            params.Params.model_validate(changed)


@pytest.mark.parametrize("name", POINTS)
def test_no_parameter_has_a_default_that_params_gives_already(name: str) -> None:
    for value in POINTS[name].get("parameters", {}).values():
        assert isinstance(value, str), "a second copy of a default"


def test_a_source_that_can_be_named_is_a_preset() -> None:
    assert GIVEN["source"] in PARAMS["ingest"]["presets"]


@pytest.mark.slow
def test_mlflow_runs_the_pipeline(pipeline_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(pipeline_folder, folder, symlinks=True)
    said = command(folder, "mlflow", "run", ".", "--env-manager", "local").stdout
    assert re.search(r"Run \(ID '\w+'\) succeeded", said)
    assert "Champion" in said
    assert "Nothing to do" in said, "MLflow's default store is not the registry's"
    assert command(folder, "git", "status", "--porcelain").stdout == ""
