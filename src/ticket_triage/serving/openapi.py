"""The contract with applications in writing: JSON Schema of the answer, OpenAPI document, its page."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ticket_triage.schema import Prediction
from ticket_triage.serving.contract import Error
from ticket_triage.serving.examples import PREDICTION
from ticket_triage.serving.failures import ERRORS
from ticket_triage.serving.operations import JSON, OPERATIONS, Operation

KEYS = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same."},
}
REQUEST_ID = {
    "name": "X-Request-ID",
    "in": "header",
    "description": "Stands in the log and the decision log; sent back. One that cannot, or is longer than 128 "
    "characters, is replaced.",
    "schema": {"type": "string"},
}
# How the page groups routes: by who may use them.
TAGS: dict[str | None, str] = {
    "predict": "answers",
    "review": "what was decided",
    "admin": "rollouts",
    None: "for all, without a key",
}


def prediction_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the answer; later versions may add fields to it, and never take one away."""
    schema = _open(Prediction.model_json_schema(mode="serialization"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "examples": [PREDICTION.model_dump(mode="json")],
    }


def document(version: str) -> dict[str, Any]:
    """OpenAPI 3.1 document of the service, all routes and all failures; `version` is the model's."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    taken = [(one.takes, "validation") for one in OPERATIONS if one.takes]
    given = [(one.gives, "serialization") for one in OPERATIONS if one.gives]
    models: list[Any] = [*taken, *given, (Error, "serialization")]
    _, schemas = models_json_schema(list(dict.fromkeys(models)), ref_template="#/components/schemas/{model}")
    # Of the service's two names of a text one is enough; BentoML, which reads the model's own schema, knows no `not`.
    schemas["$defs"]["Ticket"]["not"] = {"required": ["text", "ticket"]}
    takes = {model.__name__ for model, _ in taken}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ticket Triage",
            "version": version,
            "description": "Category and priority of a support ticket, how sure that is, and where it goes. "
            "Answers may get more fields, and none will be taken away.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "."}],
        "paths": paths,
        "components": {
            "schemas": {
                name: schema if name in takes else _open(schema) for name, schema in schemas["$defs"].items()
            },
            "securitySchemes": KEYS,
        },
    }


def paths() -> tuple[str, ...]:
    """The templates of all paths that the document has."""
    return tuple(dict.fromkeys(operation.path for operation in OPERATIONS))


def _operation(operation: Operation) -> dict[str, Any]:
    good = {
        "description": operation.summary[0].lower() + operation.summary[1:],
        "headers": {"X-Request-ID": {"schema": {"type": "string"}}},
        "content": _content(operation.kind, operation.gives, _whole(operation.example)),
    }
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [TAGS[operation.role]],
        "description": f"Needs a key with the role `{operation.role}`."
        if operation.role
        else "Needs no key.",
        "security": [{name: []} for name in KEYS] if operation.role else [],
        "parameters": [*operation.parameters, REQUEST_ID],
        "responses": {
            str(operation.status): good,
            **{str(status): {**good, "description": why} for status, why in operation.also.items()},
            **{str(status): _failure(status) for status in operation.failures},
        },
    }
    if operation.body is not None:
        body = operation.body
        # Nobody sends the fields that have nothing in them.
        example = body.model_dump(mode="json", exclude_unset=True) if isinstance(body, BaseModel) else body
        content = _content(operation.body_kind, operation.takes, example)
        found["requestBody"] = {"required": True, "content": content}
    return found


def _failure(status: int) -> dict[str, Any]:
    description, sentence = ERRORS[status]
    found: dict[str, Any] = {
        "description": description,
        "content": _content(JSON, Error, {"error": sentence}),
    }
    if status in (429, 503):
        seconds = {"schema": {"type": "integer", "minimum": 1}, "description": "seconds"}
        found["headers"] = {"Retry-After": seconds}
    return found


def _whole(example: BaseModel | str) -> Any:
    return example.model_dump(mode="json") if isinstance(example, BaseModel) else example


def _content(kind: str, model: type[BaseModel] | None, example: Any) -> dict[str, Any]:
    if model:
        schema: dict[str, Any] = {"$ref": f"#/components/schemas/{model.__name__}"}
    else:
        schema = {"type": "object" if kind == JSON else "string"}
    return {kind: {"schema": schema, "example": example}}


def _open(schema: Any) -> Any:
    # We refuse fields that we do not know; who reads our answers should not break on one that we add.
    if isinstance(schema, dict):
        return {key: _open(value) for key, value in schema.items() if key != "additionalProperties" or value}
    return [_open(value) for value in schema] if isinstance(schema, list) else schema


# BentoML's own page loads a tag manager from the internet; this one loads only what BentoML ships.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Ticket Triage</title>
<link rel="stylesheet" href="./static_content/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="page"></div>
<script src="./static_content/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "./docs.json", dom_id: "#page", deepLinking: true})</script>
</body>
</html>
"""
