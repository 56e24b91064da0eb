"""`make deps`: write into dvc.yaml, for every stage, the files of this repository that its code really imports."""

import ast
import sys
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

from ticket_triage.serving import package

ROOT = Path(__file__).parent.parent
PACKAGES = {"ticket_triage": ROOT / "src/ticket_triage", "pipelines": ROOT / "pipelines"}
CODE = ("src/", "pipelines/")


def _file(module: str) -> Path | None:
    head, *rest = module.split(".")
    if head not in PACKAGES:
        return None
    path = PACKAGES[head].joinpath(*rest)
    for candidate in (path / "__init__.py", path.with_suffix(".py")):
        if candidate.is_file():
            return candidate
    return None


@cache
def _direct(path: Path) -> frozenset[Path]:
    source = path.read_text("utf-8")
    found: set[Path] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            found |= {file for n in range(1, len(parts) + 1) if (file := _file(".".join(parts[:n])))}
    # Templates and lexicons lie beside the module that names them.
    found |= {
        file
        for file in path.parent.iterdir()
        if file.suffix in {".yaml", ".html", ".md"} and file.name in source
    }
    # `page.html` is included by other templates.
    found |= {
        file
        for template in list(found)
        if template.suffix == ".html"
        for file in template.parent.glob("*.html")
        if file.name in template.read_text("utf-8")
    }
    return frozenset(found)


def _packaged() -> set[Path]:
    """The code that a Bento takes along, and that its version is a hash of."""
    patterns = YAML(typ="safe").load((ROOT / "bentofile.yaml").read_text("utf-8"))["include"]
    return {ROOT / path for path in package.code(ROOT, patterns)}


def imported(stage: str) -> list[str]:
    """All files of the repository that `python -m pipelines.<stage>` reads as code, relative to its root."""
    todo, seen = [ROOT / "pipelines" / f"{stage}.py", ROOT / "pipelines/__init__.py"], set()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            if path.suffix == ".py":
                todo += _direct(path)
    if stage == "package":
        seen |= _packaged()
    return sorted(path.relative_to(ROOT).as_posix() for path in seen)


def module_of(stage: dict) -> str:
    """The stage file that a dvc.yaml entry runs."""
    words = stage.get("do", stage)["cmd"].split()
    return words[words.index("-m") + 1].removeprefix("pipelines.")


def difference(dvc: dict) -> dict[str, tuple[list[str], list[str]]]:
    """By stage, the code deps that are missing and those that are too many."""
    found = {}
    for name, stage in dvc["stages"].items():
        listed = {dep for dep in stage.get("do", stage).get("deps", []) if dep.startswith(CODE)}
        wanted = set(imported(module_of(stage)))
        if listed != wanted:
            found[name] = (sorted(wanted - listed), sorted(listed - wanted))
    return found


def main() -> None:
    """Rewrite the code deps of dvc.yaml, keeping all else as it is."""
    yaml = YAML()
    yaml.width, yaml.preserve_quotes = 110, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    path = ROOT / "dvc.yaml"
    dvc = yaml.load(path.read_text("utf-8"))
    changed = difference(dvc)
    for name in changed:
        stage = dvc["stages"][name]
        stage = stage.get("do", stage)
        data = [dep for dep in stage.get("deps", []) if not dep.startswith(CODE)]
        stage["deps"] = data + imported(module_of(stage))
    if changed:
        with path.open("w", encoding="utf-8") as stream:
            yaml.dump(dvc, stream)
    print(f"dvc.yaml: {', '.join(changed) or 'nothing'} changed", file=sys.stderr)


if __name__ == "__main__":
    main()
