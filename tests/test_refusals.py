import json

import pytest

from ticket_triage.serving.refusals import error, sentence


def test_a_refusal_is_one_sentence_in_one_shape():
    refusal = error(418, "no tea here")
    assert (refusal.status_code, json.loads(refusal.body)) == (418, {"error": "no tea here"})


@pytest.mark.parametrize(
    "fault, said",
    [
        ({"type": "missing", "loc": ("text",), "msg": "Field required"}, "`text` is missing"),
        ({"type": "extra_forbidden", "loc": ("txt",), "msg": "x"}, "`txt` is not a known field"),
        ({"type": "json_invalid", "loc": (), "msg": "my card number"}, "the body is not JSON"),
        ({"type": "value_error", "loc": (), "msg": "Value error, Say more"}, "say more"),
        ({"type": "int", "loc": ("a" * 99, 1), "msg": "A number"}, f"`{'a' * 64}.1`: a number"),
    ],
)
def test_a_fault_is_told_without_the_words_that_came(fault, said):
    assert sentence([fault]) == said
    assert sentence([fault, fault]) == f"{said}; {said}"
