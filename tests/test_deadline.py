import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from ticket_triage.serving.deadline import Deadline

LIMIT = 0.1


async def slow(request):
    try:
        await anyio.sleep(10)
    finally:
        request.app.state.left = True
    return PlainTextResponse("too late")


async def long(_):
    async def lines():
        for number in range(4):
            yield f"{number}\n"
            await anyio.sleep(LIMIT / 2)

    return StreamingResponse(lines())


async def another(_):
    raise TimeoutError("of something else")


routes = Starlette(routes=[Route("/slow", slow), Route("/long", long), Route("/another", another)])


def get(path):
    async def go():
        transport = httpx.ASGITransport(Deadline(routes, LIMIT))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            return await http.get(path)

    return anyio.run(go)


def test_what_has_not_begun_in_time_is_given_up():
    answer = get("/slow")
    assert (answer.status_code, answer.json()) == (504, {"error": "the answer took too long"})
    assert routes.state.left


def test_an_answer_that_has_begun_may_take_longer():
    assert get("/long").text == "0\n1\n2\n3\n"


def test_another_timeout_is_another_fault():
    with pytest.raises(TimeoutError, match="something else"):
        get("/another")
