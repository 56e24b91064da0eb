import asyncio
import json
import time

import pytest
import uvicorn

from ticket_triage.serving import wire

SECONDS = 0.4


async def app(scope, receive, send) -> None:
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def talk(parser: str, *parts: bytes, pause: float = 0.0) -> tuple[bytes, float]:
    """What a server says to bytes that come with pauses, and after how long it hung up."""
    wire.harden(SECONDS)

    async def go() -> tuple[bytes, float]:
        config = uvicorn.Config(
            app, port=0, http=parser, lifespan="off", log_config=None, timeout_keep_alive=60
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        started = time.monotonic()

        async def say() -> None:
            for part in parts:
                writer.write(part)
                await asyncio.sleep(pause)

        saying = asyncio.create_task(say())
        said = await asyncio.wait_for(reader.read(), 10)
        took = time.monotonic() - started
        saying.cancel()
        writer.close()
        server.should_exit = True
        await serving
        return said, took

    return asyncio.run(go())


PARSERS = ["h11", "httptools"]


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    "head",
    [
        b"GARBAGE\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nbad header: x\x00\r\n\r\n",
    ],
)
def test_what_is_no_http_is_answered_in_the_shape_of_all_errors(parser, head):
    said, _ = talk(parser, head)
    first, _, body = said.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 400") and b"application/json" in first
    assert set(json.loads(body)) == {"error"}


@pytest.mark.parametrize("parser", PARSERS)
def test_a_head_that_comes_in_drops_is_not_waited_for(parser):
    for parts in ([], [b"GET / HTTP/1.1\r\n", *([b"x: y\r\n"] * 100)]):
        said, took = talk(parser, *parts, pause=0.05)
        assert said == b"" and took < 20 * SECONDS


@pytest.mark.parametrize("parser", PARSERS)
def test_nor_is_one_after_a_good_request_and_a_connection_between_requests_stays(parser):
    good = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
    said, took = talk(parser, good, good, good, *([b"x"] * 100), pause=0.15)
    assert said.count(b"ok") == 3
    assert took > 0.4
