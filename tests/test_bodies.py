import json
import time

import pytest

from ticket_triage.serving.bodies import DEPTH, MOST, BodyError, parse

BAD = {
    "nothing": (b"", "is not JSON"),
    "cut": (b'{"text": "secret', "is not JSON"),
    "two": (b"{} {}", "is not JSON"),
    "single quotes": (b"{'text': 'secret'}", "is not JSON"),
    "a comment": (b'{"text": "secret"} // secret', "is not JSON"),
    "not UTF-8": (b'{"text": "secret\xff"}', "is not UTF-8"),
    "UTF-16": ('{"text": "secret"}'.encode("utf-16"), "is not UTF-8"),
    "a mark of the byte order": (b"\xef\xbb\xbf{}", "is not JSON"),
    "deep lists": (b"[" * 100_000, "deeper than 16"),
    "deep lists that end": (b"[" * 900 + b"]" * 900, "deeper than 16"),
    "deep objects": (b'{"a":' * 100_000, "deeper than 16"),
    "NaN": (b'{"earlier_tickets": NaN}', "NaN or Infinity"),
    "Infinity": (b'{"earlier_tickets": -Infinity}', "NaN or Infinity"),
    "a gigantic number": (b'{"earlier_tickets": ' + b"9" * 10_000 + b"}", "is not JSON"),
    "a field twice": (b'{"text": "secret", "text": "b"}', "names a field twice"),
    "a field twice inside": (b'{"tickets": [{"text": "secret", "text": "b"}]}', "names a field twice"),
    "NUL": (b'{"text": "secret\\u0000"}', "`text` holds the character NUL"),
    "NUL as it is": (b'{"text": "secret\x00"}', "is not JSON"),
    "NUL in a name": (b'{"secret\\u0000": 1}', "the name of a field holds the character NUL"),
    "half a pair": (b'{"text": "secret\\ud83d"}', "`text` holds half a surrogate pair"),
    "the other half": (b'{"tickets": [{"text": "\\ude00"}]}', "`text` holds half a surrogate pair"),
    "half a pair alone": (b'"\\ud83d"', "the thing holds half a surrogate pair"),
    "too many values": (b"[" + b"1," * MOST + b"1]", "more than 200000 values"),
}


@pytest.mark.parametrize(("body", "why"), BAD.values(), ids=BAD)
def test_what_is_no_json_for_everyone_is_refused_in_a_sentence(body, why):
    with pytest.raises(BodyError, match=why) as raised:
        parse(body, "the thing")
    assert "secret" not in str(raised.value)


GOOD = {
    "bidirectional marks, which real texts of Hebrew and Arabic hold": "שלום \u202b(abc)\u200f \u2067x\u2069",
    "emoji": "😀👨‍👩‍👧",
    "controls that old systems send": "a\x0b\x1b[0m\x7f",
    "a text that speaks of NUL": "\\u0000",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
@pytest.mark.parametrize("ascii", [True, False])
def test_texts_that_customers_may_write_are_read(text, ascii):
    assert parse(json.dumps({"text": text}, ensure_ascii=ascii).encode()) == {"text": text}


def test_values_of_any_kind_are_read():
    value = {"tickets": [{"text": "a", "n": 1, "x": None, "y": True, "z": 1.5}, []], "": {}}
    assert parse(json.dumps(value).encode()) == value
    nested = b"[" * DEPTH + b"]" * DEPTH
    assert parse(nested)


def test_hostile_bodies_are_refused_in_no_time():
    size = 1 << 24
    for body in (b'{"a":[' + b"[]," * (size // 3) + b"[]]}", b"[" + b"1," * (size // 2) + b"1]", b"[" * size):
        started = time.process_time()
        with pytest.raises(BodyError):
            parse(body)
        assert time.process_time() - started < 5
