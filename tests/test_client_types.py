"""The clients' types and methods are those of the OpenAPI document, and the package asks for what it imports."""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import ticket_triage_client
from ticket_triage_client import AsyncTriageClient, TriageClient, models

from ticket_triage.serving import openapi

ROOT = Path(__file__).parents[1]
NAMES = {"Failure": "Error"}
KEPT = ("type", "properties", "items", "anyOf", "$ref", "enum", "const", "format", "additionalProperties")


def plain(schema: Any) -> Any:
    """What a schema says of a value's form."""
    if isinstance(schema, list):
        return [plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: schema[key] for key in KEPT if schema.get(key) not in (None, True, False)}
    if "properties" in found:
        found["properties"] = {name: plain(one) for name, one in found["properties"].items()}
    for key in ("items", "anyOf", "additionalProperties"):
        if key in found:
            found[key] = plain(found[key])
    if "$ref" in found:
        name = found["$ref"].rpartition("/")[2]
        found["$ref"] = NAMES.get(name, name)
    return found


TYPES = {
    name: one
    for name, one in vars(models).items()
    if isinstance(one, type) and issubclass(one, models.BaseModel) and one.__module__ == models.__name__
}


@pytest.mark.parametrize("name", [name for name in TYPES if not name.startswith("_")])
def test_a_type_has_the_form_that_the_document_gives_it(name):
    documented = openapi.document("3")["components"]["schemas"][NAMES.get(name, name)]
    form = plain(documented)
    if name == "Ticket":
        del (
            form["properties"]["ticket"],
            form["anyOf"],
        )  # another name of the text; one of its names must be there
    assert plain(TYPES[name].model_json_schema()) == form


def test_there_is_a_method_for_each_route_that_applications_use():
    probes = {"livez", "healthz", "metrics", "document", "page", "rollout"}
    names = {one["operationId"] for path in openapi.document("3")["paths"].values() for one in path.values()}
    called = {
        "predict_ticket": "predict",
        "predict_batch": "predict_many",
        "predict_stream": "stream",
        "readyz": "ready",
    }
    javascript = (ROOT / "clients/javascript/ticket-triage.mjs").read_text("utf-8")
    for name in names - probes:
        method = called.get(name, name)
        assert callable(getattr(TriageClient, method)) and callable(getattr(AsyncTriageClient, method))
        camel = re.sub(r"_(\w)", lambda found: found[1].upper(), method)
        assert re.search(rf"^  (async )?\*?{camel}\(", javascript, re.M), camel


def test_the_package_asks_for_what_it_imports():
    project = tomllib.loads((ROOT / "clients/python/pyproject.toml").read_text("utf-8"))["project"]
    asked = {re.split(r"[<>=]", one)[0] for one in project["dependencies"]}
    source = Path(ticket_triage_client.__file__).parent
    imported = {
        name
        for path in source.glob("*.py")
        for name in re.findall(r"^(?:from|import) (\w+)", path.read_text("utf-8"), re.M)
    }
    assert imported - set(sys.stdlib_module_names) - {"ticket_triage_client"} == asked
