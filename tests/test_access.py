from pathlib import Path

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ticket_triage.files import TriageError
from ticket_triage.serving import openapi
from ticket_triage.serving.access import HEADERS, OPEN, Access, caller, check, role
from ticket_triage.serving.api_keys import add, revoke

PATHS = {"/predict": "predict", "/predictions/{id}": "review", "/rollout": "admin", "/livez": None, "/": None}


async def who(request: Request) -> JSONResponse:
    return JSONResponse({"caller": caller(request.scope)})


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    return {
        role: add(tmp_path / "keys.json", f"the-{role}", role, 1000)
        for role in ("predict", "review", "admin")
    }


def ask(
    state: Path, *requests: tuple[str, dict[str, str]], client: str = "127.0.0.1", **options
) -> list[httpx.Response]:
    app = Access(Starlette(routes=[Route(path, who) for path in PATHS]), state, **options)

    async def go() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            return [await http.get(path, headers=headers) for path, headers in requests]

    return anyio.run(go)


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_each_role_may_what_it_should(tmp_path, keys):
    order = [None, "predict", "review", "admin"]
    for path, needed in PATHS.items():
        for held, key in keys.items():
            for headers in (bearer(key), {"x-api-key": key}):
                (answer,) = ask(tmp_path, (path.replace("{id}", "a"), headers))
                assert (answer.status_code == 200) == (order.index(held) >= order.index(needed)), (path, held)
                if needed and answer.status_code == 200:
                    assert answer.json() == {"caller": f"the-{held}"}
                elif answer.status_code != 200:
                    assert answer.status_code == 403 and f"role {needed}" in answer.json()["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Basic dTpw"},
        {"authorization": "Bearer"},
        {"authorization": "Bearer tt_wrong"},
        {"x-api-key": "ü"},
        {"x-api-key": "x" * 5000},
    ],
)
def test_strangers_are_not_let_in(tmp_path, keys, headers):
    sent = {name: value.encode("latin-1") for name, value in headers.items()}
    for path in ("/predict", "/predictions/1", "/nowhere", "/livez/predict", "/%2e/predict", "/predict%00"):
        (answer,) = ask(tmp_path, (path, sent))
        assert answer.status_code == 401, path
        assert set(answer.json()) == {"error"}
        assert answer.headers["www-authenticate"].startswith("Bearer")
    (probe,) = ask(tmp_path, ("/livez", sent))
    assert probe.status_code == 200


def test_of_a_strangers_body_nothing_is_read(tmp_path, keys):
    async def unread() -> dict:
        raise AssertionError("read")

    async def go(method: str, path: str) -> int:
        sent: list[dict] = []
        app = Access(Starlette(routes=[Route(path, who, methods=["POST"])]), tmp_path)
        scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": []}

        async def send(message: dict) -> None:
            sent.append(message)

        await app(scope, unread, send)
        return sent[0]["status"]

    for path in (*OPEN, "/static_content/x"):
        for method in ("POST", "PUT", "DELETE", "WHAT"):
            assert anyio.run(go, method, path) == 405, (method, path)
    assert anyio.run(go, "POST", "/predict") == 401


def test_a_revoked_key_is_refused_at_once(tmp_path, keys):
    app = Access(Starlette(routes=[Route("/predict", who)]), tmp_path)

    async def go() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
            before = await http.get("/predict", headers=bearer(keys["predict"]))
            revoke(tmp_path / "keys.json", "the-predict")
            after = await http.get("/predict", headers=bearer(keys["predict"]))
            return [before.status_code, after.status_code]

    assert anyio.run(go) == [200, 401]


def test_a_key_over_its_rate_is_told_when_to_come_again(tmp_path):
    slow, fast = (
        add(tmp_path / "keys.json", "slow", "predict", 0.5),
        add(tmp_path / "keys.json", "fast", "predict", 9),
    )
    answers = ask(tmp_path, *[("/predict", bearer(slow))] * 3, ("/predict", bearer(fast)))
    assert [answer.status_code for answer in answers] == [200, 429, 429, 200]
    assert answers[1].headers["retry-after"] == "2"
    assert answers[1].json()["error"] == "this key's rate is spent: try again in 2 s"


def test_open_lets_this_machine_in_and_no_other(tmp_path):
    (answer,) = ask(tmp_path, ("/predict", {}), open_=True)
    assert answer.json() == {"caller": None}
    assert [
        a.status_code for a in ask(tmp_path, ("/rollout", {}), ("/predict", bearer("tt_x")), open_=True)
    ] == [
        200,
        401,
    ]
    for client in ("10.0.0.7", "2001:db8::1"):
        (answer,) = ask(tmp_path, ("/predict", {}), open_=True, client=client)
        assert answer.status_code == 403
    key = add(tmp_path / "keys.json", "shop", "predict", 9)
    (answer,) = ask(tmp_path, ("/predict", bearer(key)), open_=True, client="10.0.0.7")
    assert answer.json() == {"caller": "shop"}


def test_every_answer_has_the_headers_that_keep_browsers_safe(tmp_path, keys):
    for answer in ask(tmp_path, ("/livez", {}), ("/predict", {}), ("/predict", bearer(keys["predict"]))):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    (page,) = ask(tmp_path, ("/", {}))
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_a_service_without_keys_does_not_start(tmp_path):
    with pytest.raises(TriageError, match="ticket-triage keys add"):
        check(tmp_path, open_=False)
    check(tmp_path, open_=True)
    add(tmp_path / "keys.json", "shop", "predict", 1)
    check(tmp_path, open_=False)
    revoke(tmp_path / "keys.json", "shop")
    with pytest.raises(TriageError, match="no API key"):
        check(tmp_path, open_=False)


def test_what_is_open_is_a_short_list_and_documented_so():
    assert {"/", "/livez", "/healthz", "/readyz", "/metrics", "/docs.json"} == OPEN
    for path, operations in openapi.document("1")["paths"].items():
        for operation in operations.values():
            assert bool(operation["security"]) == (role(path) is not None), path
            assert ("401" in operation["responses"]) == (role(path) is not None), path
