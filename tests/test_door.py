import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from ticket_triage.serving.door import Door
from ticket_triage.serving.gate import Gate
from ticket_triage.serving.refusals import NO_DATABASE

LIMIT = 100


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def refuse(request: Request) -> JSONResponse:
    detail = [
        {"type": "missing", "loc": ["text"], "msg": "Field required"},
        {"type": "extra_forbidden", "loc": ["{txt}"], "msg": "Extra inputs are not permitted"},
    ]
    return JSONResponse({"error": "2 validation errors", "detail": detail}, 400)


async def unavailable(request: Request) -> JSONResponse:
    return JSONResponse({"error": NO_DATABASE}, 503)


async def broken(request: Request) -> JSONResponse:
    return JSONResponse(
        {"error": "a long story with the customer's words"}, int(request.path_params["status"])
    )


def call(method: str, path: str, gate: Gate | None = None, **options) -> httpx.Response:
    app = Door(
        Starlette(
            routes=[
                Route("/echo", echo, methods=["POST"]),
                Route("/lines", echo, methods=["POST"]),
                Route("/refuse", refuse, methods=["POST"]),
                Route("/unavailable", unavailable),
                Route("/broken/{status}", broken),
            ]
        ),
        limit=LIMIT,
        limits={"/lines": None},
        queued={"/echo"},
        gate=gate,
        seconds=0.2,
        held=1000,
    )

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, **options)

    return anyio.run(go)


def post(path: str, content, gate: Gate | None = None, **headers: str) -> httpx.Response:
    return call("POST", path, gate, content=content, headers={"content-type": "application/json", **headers})


def test_a_body_passes_whole():
    assert post("/echo", b'"' + b"x" * (LIMIT - 2) + b'"').text == str(LIMIT)
    assert post("/echo", b"").text == "0"


def test_a_body_over_the_limit_is_refused_announced_or_not():
    async def parts():
        for _ in range(LIMIT):
            yield b"xx"

    for content in (b"x" * (LIMIT + 1), parts()):
        answer = post("/echo", content)
        assert answer.status_code == 413
        assert answer.json() == {"error": f"the body is larger than {LIMIT} bytes"}


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "application/vnd.bentoml+pickle", ""])
def test_what_is_not_json_is_refused(kind):
    answer = call("POST", "/echo", content=b"x", headers={"content-type": kind})
    assert answer.status_code == 415
    assert set(answer.json()) == {"error"}


def test_json_with_a_charset_and_no_type_at_all_are_taken():
    assert post("/echo", b"1", **{"content-type": "application/json; charset=utf-8"}).text == "1"
    assert call("POST", "/echo", content=b"1").text == "1"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-encoding": "gzip"}, 415),
        ({"content-encoding": "identity"}, 200),
        ({"content-type": "application/json; charset=utf-16"}, 415),
        ({"content-type": 'application/json; charset="UTF-8"'}, 200),
        ({"content-length": "9" * 30}, 413),
        ({"content-length": "1", "transfer-encoding": "chunked"}, 400),
    ],
)
def test_what_the_head_says_of_the_body_is_looked_at_first(headers, status):
    answer = post("/echo", b"1", **headers)
    assert answer.status_code == status
    assert status == 200 or set(answer.json()) == {"error"}


@pytest.mark.parametrize(
    "content", [b"x", b'{"a": 1, "a": 2}', b'"\\u0000"', b'"\\ud800"', b"[" * 50 + b"]" * 50]
)
def test_what_is_no_strict_json_is_refused(content):
    answer = post("/echo", content)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


def test_slow_bodies_are_not_waited_for():
    async def drop():
        for _ in range(20):
            yield b" "
            await anyio.sleep(0.05)

    answer = post("/echo", drop())
    assert answer.status_code == 408
    assert answer.headers["connection"] == "close"


def test_a_stream_may_be_long_and_a_pause_in_it_ends_it():
    async def drop(pause: float):
        for _ in range(8):
            yield b"x\n"
            await anyio.sleep(pause)

    assert post("/lines", drop(0.05)).text == "16"
    with pytest.raises(ClientDisconnect):
        post("/lines", drop(0.5))


def test_a_queue_that_is_too_long_takes_nobody_in_and_other_routes_go_on():
    gate = Gate(1, 1)
    assert post("/echo", b"1", gate=gate).status_code == 200
    assert (gate.waiting, gate.bulks) == (0, 0)
    gate.waiting = 1000
    full = post("/echo", b"1", gate=gate)
    assert full.status_code == 503
    assert full.headers["retry-after"] == "1" and set(full.json()) == {"error"}
    assert post("/refuse", b"{}", gate=gate).status_code == 400
    assert call("GET", "/broken/500", gate=gate).status_code == 500
    assert gate.waiting == 1000
    full = Gate(1, 1)
    full.enter(bulk=True)
    assert post("/echo", b"1", gate=full).status_code == 200
    assert post("/echo?explain=full", b"1", gate=full).status_code == 503, "it takes as long as a batch"


def test_bodies_beyond_the_room_for_all_are_told_to_come_again():
    app = Door(Starlette(routes=[Route("/echo", echo, methods=["POST"])]), limit=LIMIT, held=150)

    async def slow():
        yield b'"' + b"x" * 90
        await anyio.sleep(0.2)
        yield b'"'

    async def go() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
            headers = {"content-type": "application/json"}
            found = []

            async def ask(content) -> None:
                found.append((await http.post("/echo", content=content, headers=headers)).status_code)

            async with anyio.create_task_group() as group:
                group.start_soon(ask, slow())
                await anyio.sleep(0.05)
                group.start_soon(ask, b'"' + b"x" * 90 + b'"')
            await ask(b'"' + b"x" * 90 + b'"')
            return found

    assert anyio.run(go) == [503, 200, 200]
    assert app.room == 150


def test_faults_of_the_input_become_one_sentence():
    answer = post("/refuse", b"{}")
    assert answer.status_code == 400
    assert answer.json() == {"error": "`text` is missing; `{txt}` is not a known field"}


def test_what_does_not_answer_behind_is_said():
    answer = call("GET", "/unavailable")
    assert (answer.status_code, answer.json()) == (503, {"error": NO_DATABASE})


@pytest.mark.parametrize("status", [500, 503, 504])
def test_what_a_fault_here_says_is_not_passed_on(status):
    answer = call("GET", f"/broken/{status}")
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert "customer" not in answer.text


def test_unknown_paths_and_methods_have_the_same_shape():
    assert call("GET", "/nowhere").json() == {"error": "there is no /nowhere here"}
    answer = call("GET", "/echo")
    assert answer.status_code == 405
    assert answer.json() == {"error": "GET is not allowed on /echo"}
    assert answer.headers["allow"] == "POST"
