"""What README and docs/ name exists: commands, options, parameters, files, examples, error sentences."""

import json
import re
import shlex
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
import yaml
from dvc.cli import parse_args as dvc_arguments
from dvc.exceptions import DvcException

from ticket_triage import params, taxonomy
from ticket_triage.cli import app
from ticket_triage.schema import Ticket
from ticket_triage.serving import openapi

ROOT = Path(__file__).parents[1]
# `git` as root in another's checkout would refuse to answer.
LISTED = subprocess.run(
    ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
)
TRACKED = [name for name in LISTED.stdout.decode().split("\0") if (ROOT / name).is_file()]
PAGES = {name: (ROOT / name).read_text("utf-8") for name in TRACKED if name.endswith(".md")}
TOLD = {name: text for name, text in PAGES.items() if not name.startswith("data/")}
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
BETWEEN = re.compile(r" \| | && | > ")
INLINE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


def blocks(kind: str) -> list[Any]:
    found = [
        (name, block[2]) for name, text in TOLD.items() for block in FENCE.finditer(text) if block[1] == kind
    ]
    return [pytest.param(text, id=f"{name}-{number}") for number, (name, text) in enumerate(found)]


def commands() -> list[tuple[str, list[str]]]:
    """Every command of a shell block, by page, in words."""
    found = []
    for name, text in TOLD.items():
        for block in FENCE.finditer(text):
            if block[1] == "sh":
                lines = block[2].replace("\\\n", " ").splitlines()
                found += [(name, shlex.split(part)) for line in lines for part in re.split(BETWEEN, line)]
    return [(name, words) for name, words in found if words]


def spans() -> list[tuple[str, str]]:
    """Every piece of inline code, by page."""
    prose = {name: FENCE.sub("", text) for name, text in TOLD.items()}
    return [(name, span[2].strip()) for name, text in prose.items() for span in INLINE.finditer(text)]


def of_tool(tool: str) -> list[list[str]]:
    every = [words for _, words in commands()]
    every += [
        shlex.split(re.split(BETWEEN, span)[0])
        for _, span in spans()
        if span.startswith(f"{tool} ") and "…" not in span
    ]
    return [words for words in every if words[0] == tool]


def test_there_is_something_to_test():
    assert {"README.md", "CONTRIBUTING.md", "docs/serving.md", "docs/troubleshooting.md"} <= set(TOLD)
    assert len(commands()) > 20 and len(spans()) > 200


def test_make_targets_and_their_variables_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    named = of_tool("make")
    assert {"pipeline", "test", "serve", "mlflow"} <= {words[1] for words in named}
    for words in named:
        for word in words[1:]:
            variable, given, _ = word.partition("=")
            assert re.search(rf"\b{variable}\b", makefile) if given else word in targets, words


def test_our_commands_are_called_as_they_can_be():
    group: Any = typer.main.get_command(app)
    for words in of_tool("ticket-triage"):
        command, given = group.commands[words[1]], words[2:]
        if hasattr(command, "commands") and given:
            command, given = command.commands[given[0]], given[1:]
        if given or command.name == "serve":
            options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
            assert {word for word in given if word.startswith("--")} <= options, words
        if [word for word in given if not word.startswith("-")]:
            command.make_context(command.name, given)


def test_dvc_is_called_as_it_can_be():
    values = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    for words in of_tool("dvc"):
        try:
            dvc_arguments(words[1:])
        except DvcException:
            pytest.fail(f"dvc does not know: {' '.join(words)}")
        for option, value in pairwise(words):
            if option == "-S":
                assert found(values, value.partition("=")[0]), words


def found(values: Any, key: str) -> bool:
    """Whether `a.b.c` is in nested values; <anything> stands for any name."""
    for part in key.split("."):
        if part.startswith("<") and isinstance(values, dict):
            values = next(iter(values.values()))
        elif isinstance(values, dict) and part in values:
            values = values[part]
        else:
            return False
    return True


def test_parameters_that_are_named_exist():
    values = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    named = [(page, span) for page, span in spans() if re.fullmatch(r"[a-z]+(\.[a-z_0-9<>]+)+", span)]
    named = [
        (page, span) for page, span in named if span.split(".")[0] in values and not (ROOT / span).exists()
    ]
    named = [
        (page, span) for page, span in named if not span.endswith((".py", ".txt", ".json", ".md", ".parquet"))
    ]
    assert len(named) > 10
    for page, key in named:
        assert found(values, key), f"{page}: `{key}`"


def made() -> list[str]:
    """What stages and tools make, as regular expressions."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"].values()
    outs = [out for stage in stages for out in stage.get("do", stage).get("outs", [])]
    paths = [out if isinstance(out, str) else next(iter(out)) for out in outs]
    return [
        *(re.sub(r"\\\$\\\{.*?\\\}", "[^/]+", re.escape(path)) for path in paths),
        r"\.venv",
        "mlruns",
        "bentos",
        "data/reports/label-report",  # of `make label-report`
    ]


def exists(path: str) -> bool:
    path = path.rstrip("/")
    if path in TRACKED or any(name.startswith(f"{path}/") for name in TRACKED):
        return True
    parts = path.split("/")
    parents = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    return any(re.fullmatch(one, parent) for one in made() for parent in parents) or any(
        one.startswith(re.escape(path) + "/") for one in made()
    )


def test_files_that_are_named_exist():
    tops = {name.split("/")[0] for name in TRACKED if "/" in name} | {".venv", "mlruns", "bentos"}
    for page, span in spans():
        top, slash, _ = span.partition("/")
        if slash and top in tops and re.fullmatch(r"[\w./<>-]+", span):
            assert exists(span), f"{page}: `{span}`"


def test_links_lead_somewhere():
    for page, text in PAGES.items():
        for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", FENCE.sub("", text)):
            path, _, section = target.partition("#")
            place = (ROOT / page).parent / path if path else ROOT / page
            assert place.exists(), f"{page}: {target}"
            if section:
                heads = re.findall(r"^#+ (.*)$", FENCE.sub("", place.read_text("utf-8")), re.M)
                slugs = {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
                assert section in slugs, f"{page}: {target}"


def test_urls_of_the_service_are_its_own():
    paths = set(openapi.document("1")["paths"]) | {"/", "/docs.json"}
    for page, text in TOLD.items():
        for port, path in re.findall(r"http://127\.0\.0\.1:(\d+)([/\w-]*)", text):
            assert port == "5000" or (path or "/") in paths, f"{page}: {path}"
    for _, span in spans():
        if re.fullmatch(r"(GET|POST) /\S*", span):
            assert span.split()[1] in paths, span


@pytest.mark.parametrize("text", blocks("json"))
def test_json_examples_are_what_the_service_takes_and_gives(text: str):
    value = json.loads(text)
    if "prediction_id" in value:
        jsonschema.validate(value, json.loads((ROOT / "docs/prediction.schema.json").read_text("utf-8")))
    else:
        Ticket.model_validate_json(text)


def test_requests_by_curl_are_tickets():
    bodies = [words[words.index("-d") + 1] for _, words in commands() if words[0] == "curl"]
    assert bodies
    for body in bodies:
        Ticket.model_validate_json(body)


@pytest.mark.parametrize("text", blocks("python runnable"))
def test_python_examples_run(text: str, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "data/models").mkdir(parents=True)
    (tmp_path / "data/models/champion").symlink_to(model_folder)
    monkeypatch.chdir(tmp_path)
    exec(compile(text, "example", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("text", blocks("python"))
def test_python_examples_that_need_a_service_compile(text: str):
    compile(text, "example", "exec")


@pytest.mark.parametrize("text", blocks("yaml"))
def test_yaml_examples_are_valid(text: str, tmp_path: Path):
    value = yaml.safe_load(text)
    if "categories" in value:
        (tmp_path / "taxonomy.yaml").write_text(text, "utf-8")
        assert taxonomy.read(tmp_path / "taxonomy.yaml").labels
    else:
        whole = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
        for section, changed in value.items():
            whole[section] |= changed
        params.parse(json.dumps(whole), Path("params.yaml"))
