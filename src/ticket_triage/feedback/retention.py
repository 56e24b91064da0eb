"""Decisions that have to go: those that are old, and those on a customer who asks to be forgotten."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ticket_triage.feedback import rejected
from ticket_triage.feedback.database import Database
from ticket_triage.feedback.tables import AUDIT, CORRECTIONS, DECISIONS
from ticket_triage.files import TriageError

STEP = 5_000  # decisions at once: others store in between


def expire(
    database: Database,
    days: float,
    by: str | None = None,
    now: datetime | None = None,
    spool: Path | None = None,
) -> int:
    """Delete decisions older than this and what was said of them; how many decisions.

    What is as old and was said of no decision that there is goes too: it came when nobody could look, or after its
    decision was gone. Each step of up to 5,000 leaves an audit row.

    Args:
        spool: where records lie that the database would not take: the old ones of these go, too.

    Raises:
        TriageError: `days` is below 0.
    """
    if days < 0:
        raise TriageError("decisions are kept for 0 days or more")
    before = (now or datetime.now(UTC)) - timedelta(days=days)
    which = DECISIONS.c.at < before
    note: dict[str, Any] = {"action": "expire", "by": by, "detail": {"before": before.isoformat()}}
    done = _delete(database, which, note)
    there = sa.select(DECISIONS.c.number).where(DECISIONS.c.prediction_id == CORRECTIONS.c.prediction_id)
    alone = sa.delete(CORRECTIONS).where(CORRECTIONS.c.at < before, sa.not_(there.exists()))

    def sweep(connection: sa.Connection) -> None:
        if count := connection.execute(alone).rowcount:
            _note(connection, {**note, "detail": {**note["detail"], "corrections": count}})

    database.run(sweep)
    if spool is not None:
        _note_aside(database, note, rejected.expire(spool, before))
    return done


def forget(database: Database, customer: str, by: str | None = None, spool: Path | None = None) -> int:
    """Delete all decisions on a customer and what was said of them; how many decisions.

    The audit row is left even where there was nothing: what still lies in a spool is not stored after it.

    Args:
        customer: the pseudonym.
        spool: where records lie that the database would not take: the customer's go, too.

    Raises:
        TriageError: those cannot be deleted; what the database had is.
    """
    note: dict[str, Any] = {"action": "forget", "by": by, "customer": customer, "detail": {}}

    which = DECISIONS.c.customer == customer

    def begin(connection: sa.Connection) -> list[str]:
        database.lock_changes(connection, shared=False)
        _note(connection, {**note, "detail": {"decisions": 0}})
        return list(connection.execute(sa.select(DECISIONS.c.prediction_id).where(which)).scalars())

    predictions = database.run(begin)
    done = _delete(database, which, note)
    if spool is not None:
        try:
            aside = rejected.forget(spool, customer, predictions)
        except OSError as error:
            raise TriageError(
                f"{done} decisions are deleted; what was set aside in {spool} is not: {error.strerror or error}"
            ) from error
        _note_aside(database, note, aside)
    return done


def _delete(database: Database, which: sa.ColumnElement[bool], note: dict[str, Any]) -> int:
    def step(connection: sa.Connection) -> int:
        query = sa.select(DECISIONS.c.number, DECISIONS.c.prediction_id).where(which).limit(STEP)
        found = connection.execute(query).all()
        if found:
            numbers, ids = [row.number for row in found], {row.prediction_id for row in found}
            connection.execute(sa.delete(CORRECTIONS).where(CORRECTIONS.c.prediction_id.in_(ids)))
            connection.execute(sa.delete(DECISIONS).where(DECISIONS.c.number.in_(numbers)))
            _note(connection, {**note, "detail": {**note["detail"], "decisions": len(found)}})
        return len(found)

    total = 0
    while done := database.run(step):
        total += done
    return total


def _note_aside(database: Database, note: dict[str, Any], records: int) -> None:
    if records:
        detail = {**note["detail"], "rejected": records}
        database.run(lambda connection: _note(connection, {**note, "detail": detail}))


def _note(connection: sa.Connection, note: dict[str, Any]) -> None:
    row = {"audit_id": uuid.uuid4().hex, "at": datetime.now(UTC), **note}
    connection.execute(sa.insert(AUDIT).values(row))
