"""What the decision log costs: an append before an answer leaves, records a second into the database, and reading one
of a million decisions, on SQLite and, where it is installed, on PostgreSQL.

The record is a usual one, with reasons and neighbours. Nothing is fsynced by the spool; the databases are set up as the
service has them, but PostgreSQL's fsync is off, as it is in the tests.
"""

import json
import platform
import statistics
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.postgres import Postgres, programs
from ticket_triage.feedback.database import Database
from ticket_triage.feedback.decisions import DecisionLog
from ticket_triage.feedback.records import Decision, line_of
from ticket_triage.feedback.spool import Spool
from ticket_triage.feedback.tables import DECISIONS
from ticket_triage.serving import examples

OUT = Path(__file__).parent / "out"
APPENDED, WAITING, READ = 5_000, 20_000, 300
LIMIT = 50.0  # milliseconds to read one


def main() -> None:
    """Print the table and keep it as benchmarks/out/log.json."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    found: dict[str, Any] = {"python": platform.python_version(), "bytes of a record": len(line_of(record()))}
    with tempfile.TemporaryDirectory() as folder:
        found["sqlite"] = measure(f"sqlite:///{folder}/decisions.db", Path(folder), rows)
    if programs() is not None:
        server = Postgres()
        try:
            with tempfile.TemporaryDirectory() as folder:
                found["postgresql"] = measure(server.database("bench"), Path(folder), rows)
        finally:
            server.close()
    print(f"a record has {found['bytes of a record']:,} bytes")
    kinds = [kind for kind in ("sqlite", "postgresql") if kind in found]
    print(f"{'':44}" + "".join(f"{kind:>14}" for kind in kinds))
    for name in found["sqlite"]:
        print(f"{name:44}" + "".join(f"{found[kind][name]:>14,.3f}" for kind in kinds))
    OUT.mkdir(exist_ok=True)
    (OUT / "log.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    slow = [kind for kind in kinds if found[kind]["reading one, slowest, ms"] >= LIMIT]
    if slow:
        sys.exit(f"reading one of {rows:,} decisions took over {LIMIT:g} ms on {' and '.join(slow)}")


def record() -> Decision:
    """A decision with as much in it as is usual."""
    example = examples.PREDICTION.model_dump(mode="json", exclude={"prediction_id", "model", "latency_ms"})
    answer = example | {"reasons": example["reasons"] * 10, "neighbours": example["neighbours"] * 3}
    return Decision(
        prediction_id=uuid.uuid4().hex,
        at=datetime.now(UTC),
        model=examples.PREDICTION.model,
        caller="shop",
        customer=uuid.uuid4().hex,
        ticket={"text": "I was charged twice for my order and nobody answers my mails. " * 3},
        answer=answer,
        latency_ms=7.1,
    )


def measure(url: str, folder: Path, rows: int) -> dict[str, float]:
    """Times by name."""
    database = Database(url)
    database.migrate()
    database.close()
    left = Spool(folder / "spool")
    for _ in range(WAITING):
        left.append(line_of(record()))
    left.close()
    began = time.perf_counter()
    log = DecisionLog(folder, url)
    while log.state()["stored"] < WAITING:
        time.sleep(0.005)
    drained = WAITING / (time.perf_counter() - began)

    taken = []
    for _ in range(APPENDED):
        one = record()
        before = time.perf_counter()
        log.append(one)
        taken.append(1e6 * (time.perf_counter() - before))
        time.sleep(0.001)
    while log.state()["waiting"]:
        time.sleep(0.01)

    fill(database, rows)
    with database.engine.connect() as connection:
        ids = connection.execute(
            sa.select(DECISIONS.c.prediction_id).where(DECISIONS.c.number % (rows // READ) == 0).limit(READ)
        ).scalars()
        wanted = list(ids)
    database.close()
    read = []
    for prediction_id in wanted:
        before = time.perf_counter()
        assert log.read(prediction_id) is not None
        read.append(1e3 * (time.perf_counter() - before))
    total = log.database.counts()["decisions"]
    log.close()
    return {
        "an append, median, µs": statistics.median(taken),
        "an append, 99th percentile, µs": statistics.quantiles(taken, n=100)[98],
        "records a second into the database": drained,
        "decisions in it": total,
        "reading one, median, ms": statistics.median(read),
        "reading one, slowest, ms": max(read),
    }


def fill(database: Database, rows: int) -> None:
    """Copy what is there, under new ids, until there are `rows`."""
    new = "lower(hex(randomblob(16)))" if database.sqlite else "replace(gen_random_uuid()::text, '-', '')"
    others = [column.name for column in DECISIONS.c if column.name not in ("number", "prediction_id")]
    names = ", ".join(f'"{name}"' for name in others)
    while (lacking := rows - database.counts()["decisions"]) > 0:
        with database.engine.begin() as connection:
            connection.exec_driver_sql(
                f"INSERT INTO decisions (prediction_id, {names}) SELECT {new}, {names} FROM decisions LIMIT {lacking}"
            )
    if not database.sqlite:  # as after growing for months
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE decisions")
            connection.exec_driver_sql("CHECKPOINT")


if __name__ == "__main__":
    main()
