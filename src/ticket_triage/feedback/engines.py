"""The way to the database: SQLAlchemy's engine for a file of SQLite or for PostgreSQL, and an end to waiting for it."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy.exc import ArgumentError

from ticket_triage.files import TriageError

READS = "ticket_triage_reads"  # an option of a connection: its transaction changes nothing


def make(url: str, timeout: float) -> sa.Engine:
    """An engine; nothing is asked of the database yet.

    Args:
        timeout: seconds for a connection.

    Raises:
        TriageError: the address is none, or of another kind of database.
    """
    try:
        address = sa.make_url(url)
    except ArgumentError as error:
        raise TriageError(
            "DATABASE_URL is not an address such as postgresql://user:word@host/name"
        ) from error
    kind = address.drivername.partition("+")[0]
    if kind not in ("sqlite", "postgres", "postgresql"):
        raise TriageError(f"DATABASE_URL is of {kind}; the decision log takes sqlite or postgresql")
    given: dict[str, Any] = {"json_serializer": _json, "pool_size": 2, "pool_timeout": timeout}
    if kind != "sqlite":
        given["connect_args"] = {
            "connect_timeout": max(2, round(timeout)),
            "application_name": "ticket-triage",
        }
        return sa.create_engine(address.set(drivername="postgresql+psycopg"), **given)
    # A worker of the service starts in another folder than its server.
    if not Path(address.database or "").is_absolute():
        raise TriageError("DATABASE_URL must name the file by its whole path: sqlite:////folder/decisions.db")
    engine = sa.create_engine(address.set(drivername="sqlite"), connect_args={"timeout": timeout}, **given)
    sa.event.listen(engine, "connect", _pragmas)
    sa.event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def deadline(connection: sa.Connection, seconds: float) -> Iterator[None]:
    """Cut the line to PostgreSQL when the time is over: psycopg waits for ever for a server that hangs."""
    if connection.dialect.name == "sqlite":
        yield
        return
    raw: Any = connection.connection.dbapi_connection
    line = socket.socket(fileno=os.dup(raw.fileno()))

    def cut() -> None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        line.close()


def _json(value: Any) -> str:
    return to_json(value).decode()  # json.dumps takes five times as long, beside the requests


def _pragmas(raw: Any, _: Any) -> None:
    raw.isolation_level = None  # SQLAlchemy says when a transaction begins, in `_begin`
    raw.execute(
        "PRAGMA synchronous=NORMAL"
    )  # a loss of power may take the last moments, a killed process nothing


def _begin(connection: sa.Connection) -> None:
    # Who writes says so at once: a reader that comes to write would fail if another had written meanwhile.
    reads = connection.get_execution_options().get(READS)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
