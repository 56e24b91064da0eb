import ast
import json
import shutil
from pathlib import Path

import pytest
import yaml

from ticket_triage.files import TriageError, sha256, write_json
from ticket_triage.schema import ModelRef
from ticket_triage.serving.package import behind, code, package
from ticket_triage.serving.predictor import Predictor

ROOT = Path(__file__).parents[1]
REF = ModelRef(name="tickets-sample", version="3")

LOCK = """\
# a comment
bentoml==1.4.39 \\
    --hash=sha256:aaaa \\
    --hash=sha256:bbbb
    # via ticket-triage
numpy==2.3.1 ; python_full_version >= '3.11' \\
    --hash=sha256:cccc
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """What packaging reads of the repository, with a lock of its own, to be changed by a test."""
    root = tmp_path / "repository"
    shutil.copytree(ROOT / "src/ticket_triage", root / "src/ticket_triage")
    shutil.copy(ROOT / "bentofile.yaml", root)
    (root / "requirements").mkdir()
    (root / "requirements/serve.txt").write_text(LOCK)
    return root


def folder_of(home: Path, tag: str) -> Path:
    return home / "bentos" / Path(*tag.split(":"))


@pytest.mark.slow
def test_a_bento_holds_the_model_its_name_and_exact_requirements(model_folder, repository, tmp_path):
    tags = {"data": "0f3a", "commit": "9c1e: a=b"}
    tag = package(model_folder, REF, tmp_path / "home", tags, name="tickets", root=repository)
    assert tag.startswith("tickets:3-")
    folder = folder_of(tmp_path / "home", tag)
    assert json.loads((folder / "src/model/ref.json").read_text()) == REF.model_dump()
    for path in model_folder.rglob("*"):
        if path.is_file() and path.name not in ("ref.json", "manifest.json"):
            assert sha256(folder / "src/model" / path.relative_to(model_folder)) == sha256(path)
    pins = (folder / "env/python/requirements.txt").read_text().split("\n")
    assert set(filter(None, pins)) == {"bentoml==1.4.39", 'numpy==2.3.1; python_full_version >= "3.11"'}
    assert (folder / "src/requirements/hashed.txt").read_text() == LOCK
    about = yaml.safe_load((folder / "bento.yaml").read_text())
    assert about["labels"] == {"model_name": "tickets-sample", "model_version": "3", **tags}
    assert about["name"] == "tickets"
    assert (tmp_path / "home/bentos/tickets/latest").read_text() == tag.partition(":")[2]
    assert (folder / "src/ticket_triage/serving/service.py").exists()
    champion = tmp_path / "champion"
    shutil.copytree(model_folder, champion)
    write_json(champion / "ref.json", REF.model_dump())
    assert behind(folder, champion, repository) == behind(folder, tmp_path, tmp_path) == []
    write_json(champion / "ref.json", {**REF.model_dump(), "version": "4"})
    assert behind(folder, champion, repository) == ["the champion"]
    write_json(champion / "ref.json", REF.model_dump())
    names = json.loads((champion / "manifest.json").read_text())
    write_json(champion / "manifest.json", names | {"model.json": "another"})
    (repository / "src/ticket_triage/text.py").write_text("changed = True\n")
    assert behind(folder, champion, repository) == ["the code", "the champion"]
    assert not list(folder.rglob("pipelines"))
    modules = [path for path in folder.rglob("*.py") if path.stat().st_size]
    assert len(list(folder.rglob("*.pyc"))) >= len(modules) > 50
    assert not list((tmp_path / "home/tmp").iterdir())


@pytest.mark.slow
def test_hidden_folders_are_no_hindrance(model_folder, repository, tmp_path):
    root = repository.rename(tmp_path / ".repository")
    tag = package(model_folder, REF, tmp_path / ".bentoml", {}, root=root)
    assert (folder_of(tmp_path / ".bentoml", tag) / "bento.yaml").exists()


@pytest.mark.slow
def test_the_same_is_built_once_and_a_change_makes_another(model_folder, repository, tmp_path):
    home = tmp_path / "home"
    first = package(model_folder, REF, home, {"commit": "1"}, root=repository)
    when = (folder_of(home, first) / "bento.yaml").stat().st_mtime_ns
    (repository / "src/ticket_triage/params/__init__.py").touch()
    assert package(model_folder, REF, home, {"commit": "2"}, root=repository) == first
    assert (folder_of(home, first) / "bento.yaml").stat().st_mtime_ns == when
    with (repository / "src/ticket_triage/serving/predictor.py").open("a") as stream:
        stream.write("# changed\n")
    second = package(model_folder, REF, home, {}, root=repository)
    third = package(model_folder, ModelRef(name=REF.name, version="4"), home, {}, root=repository)
    assert len({first, second, third}) == 3
    assert third.startswith("ticket-triage:4-")


def test_what_is_missing_is_said_in_a_sentence(model_folder, repository, tmp_path):
    with pytest.raises(TriageError, match="there is no model at"):
        package(tmp_path / "none", REF, tmp_path / "home", {}, root=repository)
    with pytest.raises(TriageError, match=r"bentofile\.yaml does not exist"):
        package(model_folder, REF, tmp_path / "home", {}, root=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(TriageError, match="cannot write the Bento"):
        package(model_folder, REF, tmp_path / "file", {}, root=repository)


def test_a_bento_that_cannot_be_built_leaves_nothing_under_its_tag(model_folder, repository, tmp_path):
    (repository / "src/ticket_triage/serving/service.py").write_text(
        "raise RuntimeError('broken on purpose')\n"
    )
    with pytest.raises(TriageError, match="broken on purpose"):
        package(model_folder, REF, tmp_path / "home", {}, root=repository)
    assert not (tmp_path / "home/bentos").exists()


def test_without_a_lock_the_installed_versions_are_pinned(repository):
    from ticket_triage.serving.package import pins

    found = pins(repository / "requirements/none.txt")
    assert all(pin.count("==") == 1 for pin in found)
    names = [pin.partition("==")[0] for pin in found]
    assert {"bentoml", "pandas", "xgboost-cpu"} <= set(names)
    assert not {"mlflow", "pytest", "optuna"} & set(names)


def source(module: str) -> Path | None:
    place = ROOT / "src" / Path(*module.split("."))
    found = [path for path in (place / "__init__.py", place.with_suffix(".py")) if path.exists()]
    return found[0] if found else None


def needed(module: str, seen: set[Path]) -> set[Path]:
    """Files of ours that a module imports, inside functions too, and what those import."""
    path = source(module)
    if path is None or path in seen:
        return seen
    seen.add(path)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            for depth in range(1, name.count(".") + 2):  # a package's own __init__ comes along
                needed(".".join(name.split(".")[:depth]), seen)
    return seen


def test_whatever_a_bento_takes_along_makes_a_new_one_when_it_changes():
    deps = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["package"]["deps"]
    included = yaml.safe_load((ROOT / "bentofile.yaml").read_text())["include"]
    modules = {path for pattern in included for path in ROOT.glob(pattern) if path.suffix == ".py"}
    taken = {ROOT / path for path in code(ROOT, included)}
    assert ROOT / "src/ticket_triage/models/refit.py" in modules <= taken <= {ROOT / dep for dep in deps}


def test_bentofile_includes_all_that_an_answer_imports():
    included = {
        path.resolve()
        for pattern in yaml.safe_load((ROOT / "bentofile.yaml").read_text())["include"]
        for path in ROOT.glob(pattern)
    }
    missing = {path.relative_to(ROOT) for path in needed("ticket_triage.serving.service", set()) - included}
    assert not missing
    listed = {path for path in included if path.parent.name == "ticket_triage" and path.suffix == ".py"}
    assert listed <= needed("ticket_triage.serving.service", set()), "nothing that is not needed"


def test_a_changed_byte_of_any_file_of_the_model_keeps_it_from_being_loaded(bento_home, bento, tmp_path):
    name, _, version = bento.partition(":")
    model = Path(shutil.copytree(bento_home / "bentos" / name / version / "src/model", tmp_path / "model"))
    ref = Predictor.load(model).ref
    for path in sorted(path for path in model.rglob("*") if path.is_file() and path.name != "manifest.json"):
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]) if whole else b"x")
        with pytest.raises(TriageError, match="another hash than its manifest"):
            Predictor.load(model)
        path.write_bytes(whole)
    assert Predictor.load(model).ref == ref
