"""The database behind the decision log: SQLite in a file, or PostgreSQL by its address; one code for both."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from ticket_triage.feedback import engines, rows
from ticket_triage.feedback.records import Correction, Decision, Record
from ticket_triage.feedback.tables import AUDIT, CORRECTIONS, DECISIONS, Moment
from ticket_triage.files import TriageError

T = TypeVar("T")
CHANGES = 0x7472_6961  # PostgreSQL's lock between storing and forgetting; any number that nobody else takes
MIGRATION = CHANGES + 1
MIGRATING = 600.0  # seconds that a change of the tables may take


class Database:
    """Decisions and their corrections; every call takes `timeout` seconds at most, or raises.

    Args:
        url: such as `postgresql://user:word@host/name` or `sqlite:///decisions.db`.
        timeout: seconds for a connection, and again for a piece of work.

    Raises:
        TriageError: the address is none, or of another kind of database.
    """

    def __init__(self, url: str, timeout: float = 5.0) -> None:
        self.timeout = timeout
        self.engine = engines.make(url, timeout)
        self.name = self.engine.dialect.name
        self.sqlite = self.name == "sqlite"
        self.path = Path(self.engine.url.database or "")  # of SQLite's file
        self._insert: Callable[..., Any] = sqlite.insert if self.sqlite else postgresql.insert

    def migrate(self) -> None:
        """Bring the tables to their newest form; several processes may do it at once."""
        from alembic import command  # half a second that a started service need not wait for
        from alembic.config import Config

        config = Config()
        config.set_main_option(
            "script_location", str(Path(__file__).parent / "migrations").replace("%", "%%")
        )
        if self.sqlite:
            with _locked(self.path):
                # For the owner's eyes, as the spool; SQLite gives the files beside it the same mode.
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
                with closing(sqlite3.connect(self.path, timeout=self.timeout)) as raw:
                    raw.execute("PRAGMA journal_mode=WAL")  # the file remembers
                self._upgrade(config, command.upgrade)
        else:
            self._upgrade(config, command.upgrade)

    def _upgrade(self, config: Any, upgrade: Callable[[Any, str], None]) -> None:
        from alembic.migration import MigrationContext
        from alembic.script import ScriptDirectory

        known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
        with self.transaction(MIGRATING) as connection:
            if not self.sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION)))
            now = MigrationContext.configure(connection).get_current_revision()
            # What a newer release made is left alone: steps only add, and this release was taken back to.
            if now is None or now in known:
                config.attributes["connection"] = connection
                upgrade(config, "head")

    def ping(self) -> None:
        """Raises where the database does not answer."""
        self.run(lambda connection: connection.execute(sa.select(1)), reads=True)

    def store(self, records: Sequence[Record]) -> list[Record]:
        """Keep records, in their order; one that is there already stays as it is.

        A decision on a customer who was forgotten after it was made is left out.

        Returns:
            Those that the database would never take, such as text that it does not allow.
        """
        try:
            self.run(lambda connection: self._store(connection, records))
        except (DataError, IntegrityError):
            if len(records) == 1:
                return list(records)
            return [refused for record in records for refused in self.store([record])]
        return []

    def _store(self, connection: sa.Connection, records: Sequence[Record]) -> None:
        decisions = [one for one in records if isinstance(one, Decision)]
        corrections = [one for one in records if isinstance(one, Correction)]
        self.lock_changes(connection, shared=True)
        forgotten = _forgotten(connection, {one.customer for one in decisions if one.customer})
        kept = [
            rows.decision_row(one)
            for one in decisions
            if one.customer is None or one.at >= forgotten.get(one.customer, one.at)
        ]
        if kept:
            connection.execute(self._insert(DECISIONS).on_conflict_do_nothing(), kept)
        if corrections:
            said = [one.model_dump() for one in corrections]
            connection.execute(self._insert(CORRECTIONS).on_conflict_do_nothing(), said)
            connection.execute(
                self._insert(AUDIT).on_conflict_do_nothing(), list(map(rows.audit_row, corrections))
            )

    def decision(self, prediction_id: str) -> Decision | None:
        """The decision of that id; the one that was answered before one in its shadow."""
        query = sa.select(DECISIONS).where(DECISIONS.c.prediction_id == prediction_id)
        row = self.run(
            lambda connection: connection.execute(query.order_by(DECISIONS.c.shadow)).first(), reads=True
        )
        return None if row is None else rows.decision(dict(row._mapping))

    def corrections(self, prediction_id: str) -> list[Correction]:
        """Corrections of a prediction, in the order in which they came."""
        query = sa.select(CORRECTIONS).where(CORRECTIONS.c.prediction_id == prediction_id)
        found = self.run(
            lambda connection: connection.execute(query.order_by(CORRECTIONS.c.number)).all(), reads=True
        )
        return [
            Correction.model_validate({name: row._mapping[name] for name in Correction.model_fields})
            for row in found
        ]

    def counts(self) -> dict[str, int]:
        """Rows of each table."""
        tables = (DECISIONS, CORRECTIONS, AUDIT)

        def work(connection: sa.Connection) -> dict[str, int]:
            return {
                table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in tables
            }

        return self.run(work, reads=True)

    def run(self, work: Callable[[sa.Connection], T], reads: bool = False) -> T:
        """What `work` returns, done whole or not at all; once more where it met a line that had been cut before.

        Args:
            reads: it changes nothing, and so need not wait for who does.
        """
        began = time.monotonic()
        try:
            with self.transaction(self.timeout, reads) as connection:
                return work(connection)
        except DBAPIError as error:
            # A server that came back leaves dead lines behind: all are dropped now.
            if not error.connection_invalidated or time.monotonic() - began > self.timeout / 2:
                raise
        with self.transaction(self.timeout, reads) as connection:
            return work(connection)

    @contextmanager
    def transaction(self, seconds: float, reads: bool = False) -> Iterator[sa.Connection]:
        """A connection in a transaction, cut off when the time is over."""
        with self.engine.connect() as connection, engines.deadline(connection, seconds):
            connection = connection.execution_options(**{engines.READS: reads})
            with connection.begin():
                yield connection

    def lock_changes(self, connection: sa.Connection, shared: bool) -> None:
        """Nothing is stored while somebody is forgotten; on SQLite there is one writer in any case."""
        if not self.sqlite:
            lock = sa.func.pg_advisory_xact_lock_shared if shared else sa.func.pg_advisory_xact_lock
            connection.execute(sa.select(lock(CHANGES)))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


@contextmanager
def opened(url: str, make: bool = False) -> Iterator[Database]:
    """The database for a command, its tables in their newest form.

    Args:
        make: a file of SQLite may be made.

    Raises:
        TriageError: it is not there, or fails while the block uses it.
    """
    database = Database(url)
    if database.sqlite and not make and not database.path.exists():
        raise TriageError(
            f"there is no decision log at {database.path}: set TICKET_TRIAGE_STATE or "
            "DATABASE_URL as the service has it"
        )
    try:
        database.migrate()
        yield database
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise TriageError(f"the database of the decision log fails: {why}") from error
    finally:
        database.close()


@contextmanager
def _locked(database: Path) -> Iterator[None]:
    """Alone among the processes that share the file."""
    database.parent.mkdir(parents=True, exist_ok=True)
    with database.with_name(f"{database.name}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _forgotten(connection: sa.Connection, customers: set[str]) -> dict[str, datetime]:
    """When each of these customers was forgotten last, of those who were."""
    if not customers:
        return {}
    query = (
        sa.select(AUDIT.c.customer, sa.func.max(AUDIT.c.at, type_=Moment))
        .where(AUDIT.c.action == "forget", AUDIT.c.customer.in_(customers))
        .group_by(AUDIT.c.customer)
    )
    return {customer: at for customer, at in connection.execute(query)}
