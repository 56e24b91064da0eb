"""The loads that bench_serve.py puts on a server: a closed loop by wrk, and an open one at a constant rate."""

import asyncio
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

SCRIPT = Path(__file__).parent / "payloads.lua"


@dataclass(frozen=True)
class Load:
    """What clients saw: latencies in milliseconds."""

    rate: float  # answers a second
    p50: float
    p99: float
    errors: int
    asked: int
    cpu: float = 0.0  # milliseconds of the processor for an answer, of all processes of the server
    worst: float = 0.0
    late_p99: float = 0.0  # how long after its time the generator itself sent


def closed(
    url: str, route: str, bodies: Path, first: int, connections: int, seconds: float, headers: dict[str, str]
) -> Load:
    """As many requests as the server answers, over connections that each wait for their answer."""
    given = [str(bodies), str(first), route, *(word for pair in headers.items() for word in pair)]
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "10s", "-s", str(SCRIPT), url]
    done = subprocess.run([*words, "--", *given], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout.strip().splitlines()[-1])
    rate = (said["requests"] - said["errors"]) / said["seconds"]
    return Load(rate, said["p50"], said["p99"], said["errors"], said["requests"])


def opened(url: str, bodies: list[str], rate: float, seconds: float, headers: dict[str, str]) -> Load:
    """Requests at a constant rate, whether or not earlier ones were answered.

    A latency is counted from the moment that a request should have been sent: a server, or a generator, that falls
    behind is seen (no coordinated omission).
    """
    return asyncio.run(_opened(url, bodies, rate, seconds, headers))


async def _opened(url: str, bodies: list[str], rate: float, seconds: float, headers: dict[str, str]) -> Load:
    took: list[float] = []
    late: list[float] = []
    errors = 0
    kinds = {"Content-Type": "application/json", **headers}

    async def ask(session: aiohttp.ClientSession, due: float, body: str) -> None:
        nonlocal errors
        late.append(time.perf_counter() - due)
        try:
            async with session.post(url, data=body.encode(), headers=kinds) as response:
                await response.read()
                errors += response.status != 200
        except (aiohttp.ClientError, TimeoutError):
            errors += 1
        took.append(time.perf_counter() - due)

    count = int(rate * seconds)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        # Connections are made before it counts.
        await asyncio.gather(*(ask(session, time.perf_counter(), body) for body in bodies[:16]))
        took.clear(), late.clear()
        errors = 0
        tasks = []
        started = time.perf_counter() + 0.1
        for number in range(count):
            due = started + number / rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            tasks.append(asyncio.create_task(ask(session, due, bodies[(16 + number) % len(bodies)])))
        await asyncio.gather(*tasks)
        passed = time.perf_counter() - started
    return Load(
        rate=(count - errors) / passed,
        p50=1000 * at(took, 0.5),
        p99=1000 * at(took, 0.99),
        errors=errors,
        asked=count,
        worst=1000 * max(took),
        late_p99=1000 * at(late, 0.99),
    )


def at(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]
