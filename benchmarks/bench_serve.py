"""The service under load beside a bare FastAPI and MLflow's server: same model, same tickets, one run.

All servers are up at once and are loaded in turn, so that a busy moment of the machine is one for all; what is told is
the median of the rounds. wrk is the closed loop; the open one sends generated tickets, none twice, at 60 % of what the
service answered at 16 connections. Each server has as many workers as the machine has cores, unless WORKERS says
otherwise; the generators run beside them. `cpu ms` is the processor's time for an answer, which other work on the
machine changes less than the clock's.

    make bench-serve [SECONDS_EACH=4] [ROUNDS=3] [FULL=1] [MODEL=folder] [ONLY=closed|cached|open]

FULL is an open loop of five minutes in place of a short one.
"""

import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path

import serve_loads
import serve_rivals
from given import champion, has_encoder, keep, tickets
from packaging.requirements import Requirement
from serve_loads import Load
from serve_rivals import Rival

from ticket_triage.models.triage_model import TriageModel
from ticket_triage.serving.package import package, pins
from ticket_triage.serving.predictor import read_ref

SECONDS = float(os.environ.get("SECONDS_EACH") or 4)
ROUNDS = int(os.environ.get("ROUNDS") or 3)
WORKERS = int(os.environ.get("WORKERS") or len(os.sched_getaffinity(0)))
OPEN_SECONDS = 300 if os.environ.get("FULL") else 20
ONLY = os.environ.get("ONLY", "")
CONNECTIONS = (1, 16, 64)
TICKETS, CACHED, SHARE = 20_000, 50, 0.6
Found = dict[str, dict[int, Load]]
Verdict = tuple[str, float, bool]  # what was asked for, what was found, whether that will do


def main() -> None:
    """Print the tables and verdicts, and keep them as benchmarks/out/serve.json."""
    folder = champion(os.environ.get("MODEL"))
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed (Debian: apt-get install wrk)")
    with_encoder = has_encoder(TriageModel.load(folder))
    texts = tickets(TICKETS)["text"].tolist()
    print(f"{folder}, {'with' if with_encoder else 'WITHOUT'} an encoder; {WORKERS} workers each; ", end="")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {ROUNDS} rounds of {SECONDS:g} s")
    verdicts: list[Verdict] = []
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as room:
        home = Path(room)
        tag = package(folder, read_ref(folder), home / "bentos", {})
        folder = home / "bentos/bentos" / tag.replace(":", "/") / "src/model"  # the same files for all
        if ONLY in ("", "closed", "open"):
            found["uncached"] = uncached(home, folder, tag, texts, verdicts)
        if ONLY in ("", "cached"):
            found["cached"] = cached(home, folder, tag, texts, verdicts)
    size, bytecode, tests = environment()
    print(f"\nserving environment: {size:.0f} MB, of which the packages' own tests {tests:.0f} MB;", end=" ")
    print(f"bytecode beside it {bytecode:.0f} MB")
    image = size - tests
    verdicts.append(("serving environment as in the image, MB, below 450", image, image < 450))
    print()
    for name, value, reached in verdicts:
        print(f"{'yes' if reached else 'NO ':>4}  {name}: {value:.2f}")
    found["verdicts"] = [{"name": name, "value": value, "reached": ok} for name, value, ok in verdicts]
    keep("serve", found, asdict)


@contextmanager
def up(*rivals: Rival) -> Iterator[list[Rival]]:
    """All of them run while the block lasts."""
    with ExitStack() as stack:
        yield [stack.enter_context(rival) for rival in rivals]


def beside_bare(rivals: list[Rival], found: Found, least: float, how: str = "") -> list[Verdict]:
    """Whether ours, the first, answers so much of what the bare one, the second, does."""
    mine, plain = (found[rival.name][16] for rival in rivals[:2])
    rate, cpu = mine.rate / plain.rate, plain.cpu / mine.cpu
    return [
        (f"of the bare FastAPI at 16 connections{how}, at least {least:g}", rate, rate >= least),
        ("the same by the processor's time for an answer", cpu, cpu >= least),
    ]


def uncached(
    home: Path, folder: Path, tag: str, texts: list[str], verdicts: list[Verdict]
) -> dict[str, object]:
    """Every ticket is answered anew, by all three; then the open loop on ours alone."""
    with up(
        serve_rivals.ours(home / "bentos", tag, WORKERS, False, home),
        serve_rivals.bare(folder, WORKERS, False, home),
        serve_rivals.mlflow(folder, WORKERS, home),
    ) as rivals:
        found = in_turn(rivals, texts, home)
        print("\nevery ticket answered anew")
        table(rivals, found)
        verdicts += beside_bare(rivals, found, 0.85)
        for rival in rivals[1:]:  # it has the machine to itself now
            rival.stop()
        ours = rivals[0]
        capacity = found[ours.name][16].rate
        rate = SHARE * capacity
        url = f"http://127.0.0.1:{ours.port}{ours.route}"
        load = serve_loads.opened(url, [ours.body(text) for text in texts], rate, OPEN_SECONDS, ours.headers)
        print(
            f"\nopen loop, {rate:.0f} a second for {OPEN_SECONDS} s ({SHARE:.0%} of {capacity:.0f}): ", end=""
        )
        print(
            f"p50 {load.p50:.1f} ms, p99 {load.p99:.1f} ms, worst {load.worst:.0f} ms, {load.errors} errors"
        )
        print(f"(the generator itself was up to {load.late_p99:.1f} ms late at p99, which is counted)")
        good = load.p99 < 100 and not load.errors
        verdicts.append(("p99 of the open loop without an error, ms, below 100", load.p99, good))
        verdicts.append(("ready, seconds, at most 5", ours.seconds_to_ready, ours.seconds_to_ready <= 5))
        memory = ours.memory()
        verdicts.append(("memory of a worker, MB, below 700", memory, memory < 700))
    return {"closed": found, "open": load}


def cached(
    home: Path, folder: Path, tag: str, texts: list[str], verdicts: list[Verdict]
) -> dict[str, object]:
    """Few tickets, over and over."""
    with up(
        serve_rivals.ours(home / "bentos", tag, WORKERS, True, home),
        serve_rivals.bare(folder, WORKERS, True, home),
    ) as rivals:
        found = in_turn(rivals, texts[:CACHED], home)
        print(f"\nanswers from memory: {CACHED} tickets over and over")
        table(rivals, found)
    verdicts += beside_bare(rivals, found, 0.6, ", cached")
    one = found[rivals[0].name][1]
    verdicts.append(("a cached answer at 1 connection, median ms, below 5", one.p50, one.p50 < 5))
    return {"closed": found}


def in_turn(rivals: list[Rival], texts: list[str], home: Path) -> Found:
    """The closed loop: medians of the rounds."""
    bodies = {}
    for rival in rivals:
        bodies[rival.name] = home / f"{rival.name}.bodies"
        bodies[rival.name].write_text("\n".join(map(rival.body, texts)) + "\n")
        load(
            rival, bodies[rival.name], 0, 64, 3
        )  # each worker has answered, what can be kept is, before it counts
    found: Found = {rival.name: {} for rival in rivals}
    for connections in CONNECTIONS:
        rounds: dict[str, list[Load]] = {rival.name: [] for rival in rivals}
        for number in range(ROUNDS):
            for rival in rivals:
                first = (1 + number + CONNECTIONS.index(connections) * ROUNDS) * 1500 % len(texts)
                rounds[rival.name].append(load(rival, bodies[rival.name], first, connections, SECONDS))
        for name, loads in rounds.items():
            found[name][connections] = median(loads)
    return found


def load(rival: Rival, bodies: Path, first: int, connections: int, seconds: float) -> Load:
    """One load on one server."""
    url = f"http://127.0.0.1:{rival.port}"
    before = rival.processor()
    found = serve_loads.closed(url, rival.route, bodies, first, connections, seconds, rival.headers)
    return replace(found, cpu=1000 * (rival.processor() - before) / max(found.asked - found.errors, 1))


def median(loads: list[Load]) -> Load:
    """Of several rounds; errors and requests are summed."""
    return replace(
        loads[0],
        rate=statistics.median(one.rate for one in loads),
        p50=statistics.median(one.p50 for one in loads),
        p99=statistics.median(one.p99 for one in loads),
        errors=sum(one.errors for one in loads),
        asked=sum(one.asked for one in loads),
        cpu=statistics.median(one.cpu for one in loads),
    )


def table(rivals: list[Rival], found: Found) -> None:
    """Print rates, latencies, errors, memory, and ratios to the bare FastAPI."""
    plain = found[rivals[1].name]
    print(f"{'':>20}  connections  a second   p50 ms   p99 ms  cpu ms  errors  of bare  by cpu")
    for rival in rivals:
        for connections, one in found[rival.name].items():
            ratio = one.rate / plain[connections].rate
            print(
                f"{rival.name:>20}  {connections:11}  {one.rate:8.1f}  {one.p50:7.1f}  {one.p99:7.1f}"
                f"  {one.cpu:6.2f}  {one.errors:6}  {ratio:7.2f}  {plain[connections].cpu / one.cpu:6.2f}"
            )
        ready = f"{rival.seconds_to_ready:.1f} s ({rival.cpu_to_ready:.1f} s of the processor)"
        print(f"{'':>20}  ready after {ready}, {rival.memory():.0f} MB a worker")


def environment() -> tuple[float, float, float]:
    """Megabytes of the packages that the serving lock names, of their bytecode, and of their own tests."""
    files = bytecode = tests = 0
    for line in pins(Path("requirements/serve.txt")):
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate():
            continue
        for path in metadata.distribution(requirement.name).files or []:
            place = Path(str(path.locate()))
            if not place.is_file():
                continue
            size = place.stat().st_size
            if place.suffix == ".pyc":
                bytecode += size
                continue
            files += size
            tests += size if "tests" in path.parts else 0
            compiled = place.parent.glob(f"__pycache__/{place.stem}.*.pyc") if place.suffix == ".py" else ()
            bytecode += sum(one.stat().st_size for one in compiled)
    return files / 1e6, bytecode / 1e6, tests / 1e6


if __name__ == "__main__":
    main()
