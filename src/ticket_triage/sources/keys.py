"""`files.text_key` of many texts at once: the same keys, at about a fifth of the time."""

import hashlib
import re
from functools import cache
from operator import methodcaller

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ticket_triage.files import text_key

_SLICE = 8_000  # texts worked on at once: about a MB, so that the processor's cache holds them

_Bytes = npt.NDArray[np.uint8]
_Flags = npt.NDArray[np.bool_]
_Places = npt.NDArray[np.int64]

# What bytes become: of characters beyond ASCII, which take several, `_beyond_ascii` sees to the flags.
_LOWER = bytes(range(128)).lower() + bytes(range(128, 256))
_WORD = bytes(bool(re.match(rb"\w", bytes([byte]))) for byte in range(256))
_SPACE = np.array([byte < 128 and bool(re.match(r"\s", chr(byte))) for byte in range(256)])
_DROP = 0xFF  # no byte of UTF-8


def text_keys(texts: pa.Array) -> pa.Array:
    """The key of every text of a string array without missing values, in an array of the same length.

    A handle or a link always ends before a character that is of no word, so that taking it out leaves the
    same words as making it white space does: a text is a row of words, found in the bytes of many at once.
    """
    slices = (texts[start : start + _SLICE] for start in range(0, len(texts), _SLICE))
    first = np.frombuffer(b"".join(map(_digests, slices)), np.uint8).reshape(-1, 32)[:, :8]
    hexes = np.frombuffer(b"0123456789abcdef", np.uint8)
    keys = np.stack([hexes[first >> 4], hexes[first & 15]], axis=2)
    offsets = np.arange(len(texts) + 1, dtype=np.int64) * 16
    return pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(keys))


def _digests(texts: pa.Array) -> bytes:
    string = pa.large_string()
    lines = pc.binary_join_element_wise(texts.cast(string), pa.scalar("\n", string), pa.scalar("", string))
    offsets = np.frombuffer(lines.buffers()[1], np.int64)[lines.offset :][: len(lines) + 1]
    ends = offsets[1:] - offsets[0] - 1  # of each text's "\n", which ends its last word or link
    raw = bytearray(memoryview(lines.buffers()[2])[offsets[0] : offsets[-1]])
    lower = np.frombuffer(raw.translate(_LOWER), np.uint8)
    word = np.frombuffer(raw.translate(_WORD), np.bool_)
    slow = _beyond_ascii(lower, word)

    handles = np.flatnonzero(lower == ord("@")) + 1
    while (handles := handles[word[handles]]).size:
        word[handles] = False
        handles += 1
    colons = np.flatnonzero(lower == ord(":"))
    links = np.concatenate([_links(lower, colons, b"http://"), _links(lower, colons, b"https://")])
    links = links[word[links]]  # one that begins in a handle is none
    while (links := links[~_SPACE[lower[links]]]).size:
        word[links] = False
        links += 1

    before = np.zeros_like(word)  # of what stands between two words only the last byte is kept, as a space
    before[:-1] = word[1:] & ~word[:-1]
    row = lower | (~word).view(np.uint8) * np.uint8(_DROP)
    row -= before.view(np.uint8) * np.uint8(_DROP - ord(" "))
    row[ends] = ord("\n")
    rows = row.tobytes().translate(None, bytes([_DROP])).split(b"\n")[:-1]
    digests = list(map(methodcaller("digest"), map(hashlib.sha256, map(bytes.lstrip, rows))))
    for at in np.unique(np.searchsorted(ends, slow)).tolist():
        digests[at] = bytes.fromhex(text_key(texts[at].as_py())).ljust(32)
    return b"".join(digests)


@cache
def _kind(code: int) -> tuple[bool, bool, bool]:
    """Whether a character is of a word, is white space, and is another one in lower case."""
    char = chr(code)
    return bool(re.match(r"\w", char)), bool(re.match(r"\s", char)), char.lower() != char


def _beyond_ascii(data: _Bytes, word: _Flags) -> _Places:
    """Mark characters of several bytes in `word`, make white space plain; where lower case changes one."""
    at = np.flatnonzero(data >= 0xC0)
    if not at.size:
        return at
    lead = data[at]
    size = 2 + (lead >= 0xE0) + (lead >= 0xF0)
    code = (lead & (0x7F >> size)).astype(np.uint32)
    for step in range(1, 4):
        longer = size > step
        code[longer] = code[longer] << 6 | data[at[longer] + step] & 0x3F
    codes, which = np.unique(code, return_inverse=True)
    kinds = np.array([_kind(int(one)) for one in codes])[which]
    for step in range(4):
        longer = size > step
        word[at[longer] + step] = kinds[longer, 0]
    for step in range(4):
        data[at[kinds[:, 1] & (size > step)] + step] = ord(" ")
    slow: _Places = at[kinds[:, 2]]
    return slow


def _links(lower: _Bytes, colons: _Places, start: bytes) -> _Places:
    """Where `start` stands with something behind it."""
    at = colons - start.index(b":")
    at = at[(at >= 0) & (at + len(start) < len(lower))]
    for step, byte in enumerate(start):
        at = at[lower[at + step] == byte]
    found: _Places = at[~_SPACE[lower[at + len(start)]]]
    return found
