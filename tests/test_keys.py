"""The fast keys are `files.text_key`'s, whatever the text."""

import random
import sys

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticket_triage.files import text_key
from ticket_triage.sources.keys import text_keys

PIECES = [
    "@",
    "@",
    "http://",
    "https://",
    "HTTPS://",
    "http",
    "https",
    "//",
    ":",
    "s",
    "/",
    "a",
    "B",
    "_",
    "1",
    "é",
    "É",
    "İ",
    "ß",
    "Σ",
    "ς",
    "ſ",
    "日",
    "٣",
    "²",
    "ⅷ",
    "Ⅷ",
    "ǅ",
    "😡",
    "👍🏽",
    "&amp;",
    ".",
    "…",
    "’",
]
SPACES = [
    " ",
    "\n",
    "\r",
    "\t",
    "\x00",
    "\x1c",
    "\x85",
    "\u00a0",
    "\u2028",
    "\u3000",
    "\u0301",
    "\u200d",
    "\u212a",
]


def _same(texts: list[str]) -> bool:
    keys: list[str] = text_keys(pa.array(texts, pa.large_string())).to_pylist()
    return keys == [text_key(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "alike"),
    [
        ("@Acme My parcel, it's late!!", "my parcel it s late"),
        ("see https://t.co/a?b=@c and @them", "see and"),
        ("ahttps://t.co/x@y b", "a b"),
        ("@https://x is a handle", "x is a handle"),
        ("@a@b@ c", "c"),
        ("http:// alone", "http alone"),
        ("", ""),
        ("😡 \n", ""),
    ],
)
def test_texts_alike_have_one_key(text: str, alike: str) -> None:
    assert text_keys(pa.array([text, alike])).to_pylist() == [text_key(text)] * 2 == [text_key(alike)] * 2


def test_every_character_in_a_word_a_handle_and_a_link() -> None:
    characters = [chr(code) for code in range(0x3000)] + [chr(code) for code in range(0x1F000, 0x1FB00)]
    assert _same([f"a{one}B @x{one}y http://{one}q{one}z" for one in characters])


def test_random_mixtures_of_what_is_difficult() -> None:
    draw = random.Random(5)
    assert _same(["".join(draw.choices(PIECES + SPACES, k=draw.randint(0, 14))) for _ in range(20_000)])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)))))
def test_any_texts(texts: list[str]) -> None:
    assert _same(texts)


def test_a_part_of_an_array_and_texts_over_several_slices() -> None:
    texts = [f"Ticket {number} für @Acme" for number in range(20_011)]
    part = pa.array(texts)[7:-3]
    assert text_keys(part).to_pylist() == [text_key(text) for text in texts[7:-3]]


def test_unicode_of_this_python_is_used() -> None:
    newest = [chr(code) for code in range(sys.maxunicode - 0x20000, sys.maxunicode, 97)]
    assert _same([f"x{one}y" for one in newest])
