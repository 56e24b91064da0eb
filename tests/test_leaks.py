"""A thousand invented pieces of personal data go to a real server; nothing keeps or says them."""

import gzip
import json
import random
import re
import sqlite3
from pathlib import Path

import pytest
import redis
import test_privacy as shapes
from servers import Redis
from service import Server, start

from ticket_triage.serving import api_keys

NAMES = ["amara", "bjorn", "chen", "dalia", "emeka", "farid", "greta", "hiro", "ines", "jamal"]
STREETS = [
    "Willow",
    "Harbour",
    "Chestnut",
    "Meadow",
    "Station",
    "Orchard",
    "Mill",
    "Castle",
    "Bridge",
    "Garden",
]
SENTENCES = (
    *shapes.SENTENCES,
    "contact: {}\nthanks",
    "_{}_ is mine",
    "<{}>",
    "|{}|",
    "*{}*",
    "I gave {} AND THEN NOTHING",
    "tel/mail: {} !!",
)


def addresses(rng: random.Random) -> list[str]:
    found = []
    for _ in range(40):
        number, street = rng.randrange(1, 999), rng.choice(STREETS)
        found += [
            f"{number} {street} {rng.choice(['Street', 'St', 'Road', 'Ave', 'Lane', 'Drive'])}",
            f"{number} rue de la {street}",
            f"Calle {street} {number}",
            f"{street}straße {number}",
            f"P.O. Box {rng.randrange(1000, 99999)}",
        ]
    return found


def emails(rng: random.Random) -> list[str]:
    return [
        f"{rng.choice(NAMES)}{rng.choice(['.', '_', '', '-', '+x'])}{rng.randrange(1000, 9999)}@{host}"
        for host in ("example.com", "mail.example.co.uk", "ex-ample.org", "example.travel", "EXAMPLE.DE")
        for _ in range(60)
    ]


def planted() -> list[tuple[str, str]]:
    """(kind, value), all different."""
    rng = random.Random(4411)
    made = {
        "email": emails(rng),
        "phone": [value for _ in range(3) for value in shapes._phones(rng)],
        "card": [value for _ in range(4) for value in shapes._cards(rng)],
        "iban": [value for _ in range(4) for value in shapes._ibans(rng)],
        "ip": [value for value in shapes._ips(rng) if len(value) > 4],
        "address": addresses(rng),
    }
    return [(kind, value) for kind, values in made.items() for value in dict.fromkeys(values)]


def kept(server: Server, folder: Path) -> dict[str, str]:
    """All that the server keeps or has said, by where: its log, every file of its state, rows of its databases."""
    found = {"log": server.log.read_text("utf-8", "replace")}
    # A database's own reading has what is in its -wal.
    for path in (path for path in folder.rglob("*") if path.is_file() and "db-" not in path.name):
        content = path.read_bytes()
        if content.startswith(b"SQLite format 3"):
            with sqlite3.connect(path) as database:
                found[f"rows of {path.name}"] = "\n".join(database.iterdump())
        else:
            found[str(path.relative_to(folder))] = content.decode("utf-8", "replace")
        if content.startswith(b"\x1f\x8b"):
            found[f"unpacked {path.name}"] = gzip.decompress(content).decode("utf-8", "replace")
    return found


def cached(url: str) -> str:
    """Keys and values of the cache."""
    with redis.Redis.from_url(url) as client:
        found = [(key, client.get(key)) for key in client.scan_iter()]
    assert len(found) > 100
    return repr(found)


def forms(value: str) -> set[str]:
    """As it is, and as JSON and Python write it."""
    return {value, json.dumps(value)[1:-1], repr(value)[1:-1], repr(value.encode())[2:-1]}


@pytest.mark.slow
def test_a_thousand_pieces_of_personal_data_are_found_nowhere(bento_home: Path, bento: str, tmp_path: Path):
    pieces = planted()
    assert len(pieces) >= 1000
    state = tmp_path / "state"
    key = api_keys.add(state / "keys.json", "shop", "admin", 1_000_000)
    with Redis(tmp_path) as cache:
        settings = {"TICKET_TRIAGE_STATE": str(state), "REDIS_URL": cache.url}
        for server in start(bento_home, bento, tmp_path / "server.log", keys=True, **settings):
            server.client.headers["x-api-key"] = key
            sinks = {"answers": talk(server, pieces), "cache": cached(cache.url)}
            sinks |= {place: said for place, said in kept(server, state).items() if place.startswith("spool")}
    sinks |= kept(server, state)
    rows = sinks["rows of decisions.db"]
    assert "see there" in rows and "<email>" in rows and "<iban>" in rows  # it was looked where something is
    assert [
        (kind, value, place)
        for place, content in sinks.items()
        for kind, value in pieces
        if any(form in content for form in forms(value))
    ] == []


def talk(server: Server, pieces: list[tuple[str, str]]) -> str:
    """Put every piece where it can be put; all that is answered."""
    rng = random.Random(7)
    said = []
    tickets = []
    texts = [rng.choice(SENTENCES).format(value) for _, value in pieces]
    for first in range(0, len(texts), 3):
        tickets.append(dict(zip(("subject", "text", "description"), texts[first : first + 3], strict=False)))
    tickets[-1].setdefault("text", "see there")
    tickets.append({"text": "see there"})
    for (_, value), place in zip(pieces, ("customer", "channel", "tier", "language") * 20, strict=False):
        if len(value) <= 35:
            tickets.append({"text": "a", place: value})
    for at in range(0, len(tickets), 400):
        answer = server.client.post("/predict/batch", json={"tickets": tickets[at : at + 400]})
        assert answer.status_code == 200
        said.append(answer.text)
    ids = re.findall(r'"prediction_id":"([0-9a-f]{32})"', "".join(said))
    assert len(ids) == len(tickets)
    for number, id in enumerate(ids[::20]):
        value = pieces[number * 40][1]
        said.append(server.client.get(f"/predictions/{id}").text)
        note = {"prediction_id": id, "priority": "high", "note": f"call {value}", "by": value}
        assert server.client.post("/feedback", json=note).status_code == 201
        header = {"x-request-id": value.encode()}
        said.append(server.client.post("/predict-ticket", json={"text": value}, headers=header).text)
        said.append(server.predict({"text": "a", "customer": [value]}).text)
        server.client.get("/predictions/" + value.replace("/", ""))
        said.append(server.client.get(f"/predictions/{id}").text)
    said.append(server.client.get("/metrics").text)
    return "\n".join(said)
