import json
from pathlib import Path

import jsonschema
import pytest

from ticket_triage.serving import openapi

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
    answer = openapi.EXAMPLE.model_dump(mode="json") | change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(answer, openapi.prediction_schema())


def test_readers_are_not_broken_by_a_field_that_comes_later():
    answer = openapi.EXAMPLE.model_dump(mode="json") | {"sentiment": "negative", "priority": None}
    jsonschema.validate(answer, openapi.prediction_schema())


def test_the_document_has_no_loose_end():
    document = openapi.document("3")
    text = json.dumps(document)
    for name in ("Ticket", "Prediction", "Answer", "Reason", "ModelRef", "Error"):
        assert name in document["components"]["schemas"]
    referred = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert referred <= set(document["components"]["schemas"])
    answers = document["paths"]["/predict-ticket"]["post"]["responses"]
    assert set(answers) == {"200", "400", "401", "403", "408", "413", "415", "429", "500", "503"}


def test_the_page_loads_nothing_from_elsewhere():
    assert "//" not in openapi.PAGE.replace("<!doctype html>", "")
