import json
from pathlib import Path

import jsonschema
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from ticket_triage.serving import openapi, routes
from ticket_triage.serving.examples import PREDICTION
from ticket_triage.serving.operations import OPERATIONS
from ticket_triage.serving.quick import PATHS

ROOT = Path(__file__).parents[1]


def test_the_committed_schema_is_the_one_in_the_code():
    committed = json.loads((ROOT / "docs/prediction.schema.json").read_text("utf-8"))
    assert committed == openapi.prediction_schema(), "run: ticket-triage schema > docs/prediction.schema.json"


def test_the_schema_is_one_and_its_example_is_valid():
    schema = openapi.prediction_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for example in schema["examples"]:
        jsonschema.validate(example, schema)


@pytest.mark.parametrize(
    "change",
    [
        {"decision": "maybe"},
        {"category": {"label": "a", "confidence": 1.2}},
        {"category": "a"},
        {"model": {"name": "a"}},
        {"reasons": [{"task": "mood", "feature": "a", "kind": "text", "weight": 1}]},
    ],
)
def test_the_schema_refuses_what_is_not_an_answer(change):
    answer = PREDICTION.model_dump(mode="json") | change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(answer, openapi.prediction_schema())


def test_readers_are_not_broken_by_a_field_that_comes_later():
    answer = PREDICTION.model_dump(mode="json") | {"sentiment": "negative", "priority": None}
    jsonschema.validate(answer, openapi.prediction_schema())


def test_the_document_is_one():
    document = openapi.document("3")
    jsonschema.Draft202012Validator(OPENAPI_31).validate(document)  # the published schema of OpenAPI 3.1
    ids = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(ids) == len(set(ids))


def test_the_document_has_no_loose_end():
    document = openapi.document("3")
    schemas = set(document["components"]["schemas"])
    referred = {part.split('"')[0] for part in json.dumps(document).split('"#/components/schemas/')[1:]}
    assert referred <= schemas and {"Ticket", "Prediction", "Error"} <= referred
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_its_paths_are_the_routes_that_there_are():
    ours = {route.path: route.methods - {"HEAD"} for route in routes.make(None, 1).routes}
    native = {path: {"POST"} for path in PATHS}
    documented: dict[str, set[str]] = {}
    for path, methods in openapi.document("3")["paths"].items():
        documented[path] = {method.upper() for method in methods}
    assert documented == ours | native


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_example_is_what_its_schema_says(operation):
    document = openapi.document("3")
    described = document["paths"][operation.path][operation.method]
    bodies = [described.get("requestBody"), *described["responses"].values()]
    assert all(set(body["content"]) for body in bodies if body)
    for body in filter(None, bodies):
        for content in body["content"].values():
            schema = content["schema"] | {"components": document["components"]}
            example = {} if content["example"] == "{}" else content["example"]
            jsonschema.validate(example, schema)


def test_every_failure_has_the_one_shape_and_an_example():
    for operation in OPERATIONS:
        described = openapi.document("3")["paths"][operation.path][operation.method]["responses"]
        assert str(operation.status) in described and "500" in described
        for status, failure in described.items():
            if int(status) >= 400:
                content = failure["content"]["application/json"]
                assert content["schema"] == {"$ref": "#/components/schemas/Error"}
                assert content["example"]["error"] and failure["description"]
        statuses = set(described)
        assert ({"401", "403", "429", "503"} <= statuses) == bool(operation.role)
        assert ({"400", "408", "413", "415"} <= statuses) == (operation.method == "post")


def test_the_page_loads_nothing_from_elsewhere():
    assert "//" not in openapi.PAGE.replace("<!doctype html>", "")
