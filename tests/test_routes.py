import asyncio
import json

import pytest

from ticket_triage.serving import routes


async def chunks(*parts: bytes):
    for part in parts:
        yield part


def lines(*parts: bytes) -> list[bytes | None]:
    async def all_of_them() -> list[bytes | None]:
        return [line async for line in routes._lines(chunks(*parts))]

    return asyncio.run(all_of_them())


def test_lines_come_whole_however_they_were_cut():
    body = b"".join(json.dumps({"text": "x" * n}).encode() + b"\n" for n in range(50)) + b"\n\nlast"
    whole = [line for line in body.split(b"\n") if line]
    for size in (1, 7, 4096):
        assert lines(*(body[at : at + size] for at in range(0, len(body), size))) == whole


@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_line_that_is_too_long_is_none_and_the_next_is_read(end):
    long = b"x" * (routes.LINE + 1)
    assert lines(b"a\n", long[:100], long[100:], b"yyy\nb" + end) == [b"a", None, b"b"]
    assert lines(long) == [None]
