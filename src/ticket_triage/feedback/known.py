"""What is known of a prediction: what the database has, and what still waits on this machine's disk."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from ticket_triage.feedback.records import UNREADABLE, Correction, Decision, Record, parse
from ticket_triage.feedback.spool import Spool
from ticket_triage.files import TriageError

if TYPE_CHECKING:
    from ticket_triage.feedback.database import Database


class Told(NamedTuple):
    """A decision with its corrections in their order; `stored`: the database has it."""

    decision: Decision
    corrections: list[Correction]
    stored: bool


def waiting(spool: Spool, prediction_id: str) -> tuple[list[Decision], list[Correction]]:
    """Records of a prediction that are in the files of the spool."""
    needle = b'"prediction_id":' + json.dumps(prediction_id).encode()
    found: dict[bytes, Record] = {}  # a process that was killed may have left what it had stored
    for line in spool.find(needle):
        with suppress(*UNREADABLE):
            record = parse(line)
            if record.prediction_id == prediction_id:
                found[line] = record
    return (
        [record for record in found.values() if isinstance(record, Decision)],
        [record for record in found.values() if isinstance(record, Correction)],
    )


def told(spool: Spool, ask: "Callable[[Callable[[Database], Any]], Any]", prediction_id: str) -> Told | None:
    """A decision and what people said of it.

    Args:
        ask: the database.

    Raises:
        TriageError: it is not in the spool, and the database does not answer.
    """
    # Before the database: what is stored meanwhile is found twice, and not missed.
    decisions, said = waiting(spool, prediction_id)
    found: Decision | None
    stored: list[Correction]
    try:
        found, stored = ask(
            lambda database: (database.decision(prediction_id), database.corrections(prediction_id))
        )
    except TriageError:
        if not decisions:
            raise
        found, stored = None, []
    if (decision := found or min(decisions, key=lambda one: one.shadow, default=None)) is None:
        return None
    ids = {one.correction_id for one in stored}
    both = [*stored, *(one for one in said if one.correction_id not in ids)]
    return Told(decision, both, found is not None)


def overridden(spool: Spool, database: "Database", stored: Iterable[Record]) -> list[Decision]:
    """Decisions that these records, which are stored, were the first to override."""
    found = []
    for one in stored:
        if not isinstance(one, Correction):
            continue
        decision = database.decision(one.prediction_id)
        if decision is None:  # as another worker's, which has yet to be stored; all files are read for it
            here, _ = waiting(spool, one.prediction_id)
            decision = here[0] if here else database.decision(one.prediction_id)
        if decision is None or not one.overrides(decision):
            continue
        said = database.corrections(one.prediction_id)
        first = next((before for before in said if before.overrides(decision)), None)
        if first is not None and first.correction_id == one.correction_id:
            found.append(decision)
    return found
