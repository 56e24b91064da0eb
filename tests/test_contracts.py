"""The YAML files and the code say the same."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from pipelines import deps
from ticket_triage import params
from ticket_triage.models import families
from ticket_triage.schema import TASKS

ROOT = Path(__file__).parent.parent
DVC = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))
STAGES = {name: stage.get("do", stage) for name, stage in DVC["stages"].items()}
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))


def test_every_section_of_params_is_a_stage_with_a_file_and_the_other_way_round() -> None:
    files = {path.stem for path in (ROOT / "pipelines").glob("*.py")} - {
        "__init__",
        "__main__",
        "deps",
        "lock",
        "summary",
    }
    assert files == set(STAGES)
    of_commands = {"annotate"}
    assert set(PARAMS) - of_commands | {"probe"} == files


def test_every_stage_runs_its_own_file() -> None:
    for name, stage in STAGES.items():
        assert deps.module_of(stage) == name


def test_code_deps_are_what_is_imported() -> None:
    assert deps.difference(DVC) == {}, "run `make deps`"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_names_every_section_that_it_loads_and_no_other(stage: str) -> None:
    source = (ROOT / "pipelines" / f"{stage}.py").read_text("utf-8")
    loaded = set(re.findall(r'params\.load\("(\w+)"\)', source))
    named = {re.sub(r"\..*", "", one) for one in STAGES[stage].get("params", [])}
    assert named == loaded


def test_train_depends_on_all_of_its_section_but_the_other_families() -> None:
    named = {one.split(".")[1] for one in STAGES["train"]["params"]}
    assert named == set(PARAMS["train"]) - {"tasks", "members"}
    assert "train.families.${item.family}" in STAGES["train"]["params"]


@pytest.mark.parametrize("stage", STAGES)
def test_paths_in_a_command_are_its_deps_or_outs(stage: str) -> None:
    entry = STAGES[stage]
    named = [*entry.get("deps", []), *entry.get("outs", [])]
    for word in entry["cmd"].split()[3:]:
        if "/" in word:
            inside = any(
                word == one or word.startswith(f"{one}/") or one.startswith(f"{word}/") for one in named
            )
            assert inside, f"{word} of {stage} is neither read nor written as far as DVC knows"


def test_only_promotion_sees_the_sealed_parts() -> None:
    sealed = {"data/split/test.parquet", "data/split/newest.parquet"}
    for name, stage in STAGES.items():
        for dep in stage.get("deps", []):
            opens = any(part == dep or part.startswith(f"{dep}/") for part in sealed)
            assert not opens or name == "promote", f"{name} reads {dep}"


def test_every_member_has_a_search_space_and_a_place_in_the_catalogue() -> None:
    train = params.read(ROOT / "params.yaml").train
    assert set(train.members) <= set(train.families)
    assert {*train.families, "encoder", "frozen_encoder", "rules"} == set(families.CATALOGUE)


def test_every_member_that_encode_makes_is_kept_by_dvc() -> None:
    made = {*families.CATALOGUE} - set(params.read(ROOT / "params.yaml").train.families)
    kept = {out for out in STAGES["encode"]["outs"] if out.startswith("data/models/members/")}
    assert kept == {f"data/models/members/{task}/{family}" for task in TASKS for family in made}


def test_every_search_space_makes_a_classifier() -> None:
    train = params.read(ROOT / "params.yaml").train
    for name, space in train.families.items():
        values = {key: one.default for key, one in space.search.items() if key != "balance"}
        assert families.get(name).make(0, **space.fixed, **values).get_params()


def test_stage_files_are_thin() -> None:
    for name in STAGES:
        lines = (ROOT / "pipelines" / f"{name}.py").read_text("utf-8").splitlines()
        body = [line for line in lines if line.strip()]
        assert len(body) <= 45, f"pipelines/{name}.py has {len(body)} lines: logic belongs in src"


def test_all_that_the_package_imports_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    declared = project["dependencies"] + [one for extra in extras for one in extra]
    for requirement in declared:
        assert re.search(r">=.*,<", requirement), f"{requirement} needs a floor and a cap"


@pytest.mark.parametrize("lock", ["serve", "pipeline"])
def test_locks_are_exact_hashed_and_name_no_index(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8")
    pins = re.findall(r"^([\w.\[\]-]+)==\S+", text, re.M)
    assert len(pins) > 50
    assert not re.search(r"https?://|--index|--find-links", text)
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_serving_lock_is_part_of_the_pipelines_and_small() -> None:
    pins = {
        lock: dict(
            re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / f"requirements/{lock}.txt").read_text("utf-8"), re.M)
        )
        for lock in ("serve", "pipeline")
    }
    assert {name: pins["pipeline"].get(name) for name in pins["serve"]} == pins["serve"]
    assert not {"mlflow", "dvc", "optuna", "evidently", "great-expectations", "polars", "pyarrow"} & set(
        pins["serve"]
    )
