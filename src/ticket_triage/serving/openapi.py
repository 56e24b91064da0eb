"""The contract with applications in writing: JSON Schema of the answer, OpenAPI document, its page."""

from typing import Any, get_args

from pydantic.json_schema import models_json_schema

from ticket_triage.feedback.records import Correction, Feedback
from ticket_triage.schema import Answer, Explain, ModelRef, Neighbour, Prediction, Reason, Ticket
from ticket_triage.serving import access

EXAMPLE = Prediction(
    prediction_id="0f8fad5bd9cb469fa16570867728950e",
    model=ModelRef(name="ticket-triage", version="3"),
    category=Answer(label="billing_payment", confidence=0.83, prediction_set=("billing_payment",)),
    priority=Answer(label="high", confidence=0.71, prediction_set=("high", "medium")),
    department="Billing",
    team="finance",
    decision="auto",
    review_reasons=(),
    escalation=("high priority",),
    reasons=(Reason(task="category", feature="charged twice", kind="text", weight=0.41),),
    neighbours=(
        Neighbour(
            key="9b8a1f0c2d3e4f5a",
            similarity=0.82,
            category="billing_payment",
            priority="high",
            excerpt="my card was charged two times for one order",
        ),
    ),
)

NOT_READY = "the model is not ready; the log says why"
_OF_ONE = {"prediction_id", "model", "latency_ms"}  # not of the answer itself

_ERRORS = {
    "400": "the ticket is not as described; the sentence names every field that is wrong",
    "401": "no key was given, or one that is not valid",
    "403": "the key's role may not do this",
    "404": "there is no prediction of that id",
    "408": "the body did not come in time",
    "410": "the version that answered is not loaded any more",
    "413": "the body is larger than the service takes",
    "415": "the body is not application/json, not UTF-8, or compressed",
    "429": "more requests than the key's rate; Retry-After says in how many seconds to try again",
    "422": "the label is not one of the taxonomy's",
    "500": "a fault of the service; its log has the place",
    "503": "the model is not ready, the disk refuses the record of the answer, the database does not answer, or, with "
    "Retry-After, more is asked than can be answered in time",
}
_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string", "description": "What is wrong, in a sentence."}},
    "required": ["error"],
    "example": {"error": "`text` is missing"},
}


def prediction_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the answer; later versions may add fields to it, and never take one away."""
    schema = _open(Prediction.model_json_schema(mode="serialization"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "examples": [EXAMPLE.model_dump(mode="json")],
    }


def document(version: str) -> dict[str, Any]:
    """OpenAPI 3.1 document of the service; `version` is the model's."""
    return _guarded(_document(version))


def _guarded(document: dict[str, Any]) -> dict[str, Any]:
    """With the key that each operation needs, what is answered without it, and what any body may be refused for."""
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if (role := access.role(path)) is None:
                operation["security"] = []
            else:
                operation["description"] = " ".join(
                    filter(None, (operation.get("description"), f"Needs a key with the role `{role}`."))
                )
                operation["security"] = [{"bearer": []}, {"header": []}]
                operation["responses"] |= _failures("401", "403", "429")
            if "requestBody" in operation:
                operation["responses"] |= _failures("400", "408", "413", "415", "500", "503")
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key."},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
    }
    return document


def _document(version: str) -> dict[str, Any]:
    template = "#/components/schemas/{model}"
    models: list[Any] = [
        (Ticket, "validation"),
        (Prediction, "serialization"),
        (Feedback, "validation"),
        (Correction, "serialization"),
    ]
    _, schemas = models_json_schema(models, ref_template=template)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ticket Triage",
            "version": version,
            "description": "Category and priority of a support ticket, how sure that is, and where it goes.",
        },
        "servers": [{"url": "."}],
        "paths": {
            "/predict-ticket": {
                "post": {
                    "operationId": "predict_ticket",
                    "summary": "Category, priority, decision and reasons for one ticket",
                    "parameters": [
                        {
                            "name": "explain",
                            "in": "query",
                            "description": "`full` also fills `effects`: each word is left out in turn, which takes "
                            "a prediction for each.",
                            "schema": {"type": "string", "enum": list(get_args(Explain)), "default": "short"},
                        }
                    ],
                    "requestBody": {
                        "required": True,
                        "content": _json(_ref("Ticket"), {"text": "I was charged twice for my order #4411"}),
                    },
                    "responses": {
                        "200": {
                            "description": "the prediction",
                            "content": _json(_ref("Prediction"), EXAMPLE.model_dump(mode="json")),
                        },
                    },
                }
            },
            **_log_paths(),
            "/model": {
                "get": {
                    "operationId": "model",
                    "summary": "Which model answers, what it can say, and whether it proved itself",
                    "responses": {
                        "200": {
                            "description": "name, version, classes, thresholds, faults",
                            "content": _json({"type": "object"}),
                        }
                    },
                }
            },
            "/rollout": {
                "get": {
                    "operationId": "rollout",
                    "summary": "Which versions answer which share of the tickets, and what the guard sees",
                    "responses": {
                        "200": {
                            "description": "mode, share, champion, challenger, what the guard found",
                            "content": _json({"type": "object"}),
                        },
                        **_failures("503"),
                    },
                }
            },
            "/healthz": _probe("The process answers"),
            "/livez": _probe("The process answers"),
            "/readyz": _probe("The model gave its canary tickets their expected answers", "503"),
            "/metrics": _probe("Prometheus metrics"),
        },
        "components": {"schemas": {**schemas["$defs"], "Error": _ERROR}},
    }


def paths() -> tuple[str, ...]:
    """The templates of all paths that the document has."""
    return tuple(document("")["paths"])


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


def _log_paths() -> dict[str, Any]:
    """The routes of what was decided."""
    one = {"prediction_id": EXAMPLE.prediction_id, "model": EXAMPLE.model.model_dump()}
    given = {"prediction_id": EXAMPLE.prediction_id, "category": "order_status", "priority": "medium"}
    correction = {
        "correction_id": "5b7f1f0c8d0e4c0f9a1d2c3b4a596877",
        "at": "2026-03-02T10:15:00Z",
        **given,
        "by": "ann",
        "note": None,
    }
    logged = {
        "prediction_id": EXAMPLE.prediction_id,
        "at": "2026-03-02T09:15:00Z",
        "variant": "champion",
        "shadow": False,
        "caller": "shop",
        "request_id": None,
        "ticket": {"text": "I was charged twice for my order #4411"},
        "cached": False,
        "degraded": False,
        "prediction": EXAMPLE.model_dump(mode="json"),
        "corrections": [{name: value for name, value in correction.items() if name != "prediction_id"}],
    }
    again = {**one, "same": True, "differs": [], "answer": EXAMPLE.model_dump(mode="json", exclude=_OF_ONE)}
    name = {"name": "id", "in": "path", "required": True, "description": "the prediction's id"}
    id_ = {**name, "schema": {"type": "string"}, "example": EXAMPLE.prediction_id}
    kept = {"schema": _ref("Correction"), "example": correction}
    return {
        "/feedback": {
            "post": {
                "operationId": "feedback",
                "summary": "What the labels of a prediction should have been",
                "requestBody": {"required": True, "content": _json(_ref("Feedback"), given)},
                "responses": {
                    "201": {"description": "the correction, kept", "content": {"application/json": kept}},
                    "202": {
                        "description": "the correction, kept unseen: the database does not answer, so nobody "
                        "knows here whether there is such a prediction",
                        "content": {"application/json": kept},
                    },
                    **_failures("400", "404", "413", "415", "422", "500", "503"),
                },
            }
        },
        "/predictions/{id}": {
            "get": {
                "operationId": "prediction",
                "summary": "What was answered, by what, to which masked ticket, and how it was corrected",
                "parameters": [id_],
                "responses": {
                    "200": {"description": "the decision", "content": _json({"type": "object"}, logged)},
                    **_failures("404", "500", "503"),
                },
            }
        },
        "/replay/{id}": {
            "post": {
                "operationId": "replay",
                "summary": "The logged ticket answered again by the same version",
                "parameters": [id_],
                "responses": {
                    "200": {
                        "description": "`same`: bit for bit; else `differs` names the fields that are not",
                        "content": _json({"type": "object"}, again),
                    },
                    **_failures("404", "410", "413", "415", "500", "503"),
                },
            }
        },
    }


def _open(schema: Any) -> Any:
    # We refuse fields that we do not know; who reads our answers should not break on one that we add.
    if isinstance(schema, dict):
        return {key: _open(value) for key, value in schema.items() if key != "additionalProperties"}
    return [_open(value) for value in schema] if isinstance(schema, list) else schema


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    return {"application/json": {"schema": schema, **({} if example is None else {"example": example})}}


def _failures(*statuses: str) -> dict[str, Any]:
    return {status: {"description": _ERRORS[status], "content": _json(_ref("Error"))} for status in statuses}


def _probe(summary: str, *failures: str) -> dict[str, Any]:
    content = {"text/plain": {"schema": {"type": "string"}}}
    responses = {"200": {"description": "yes", "content": content}, **_failures(*failures)}
    return {"get": {"summary": summary, "responses": responses}}
