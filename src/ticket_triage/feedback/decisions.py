"""The decision log: on the disk before an answer leaves, in the database soon after, whatever that does."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ticket_triage.breaker import Breaker, Refused
from ticket_triage.feedback import known, rejected
from ticket_triage.feedback.pace import Pace
from ticket_triage.feedback.records import UNREADABLE, Decision, Record, line_of, parse
from ticket_triage.feedback.spool import Batch, Spool
from ticket_triage.files import TriageError

if TYPE_CHECKING:
    from ticket_triage.feedback.database import Database

T = TypeVar("T")
FILE = "decisions.db"
EVERY = 0.2  # seconds between two rounds of storing
BATCH = 200  # records of a transaction
PING = 5.0  # seconds after which the database is asked whether it is there
ADOPT = 5.0  # seconds between two looks for what dead processes left
EXPIRE = 3600.0  # seconds between two deletions of what is too old
EARLY = 1_000  # overridden decisions that wait for somebody to be told
LAST = 5.0  # seconds in which what is left is stored when the process ends

logger = logging.getLogger("bentoml.ticket_triage")


class DecisionLog:
    """Keeps decisions and corrections: `append` puts one on the disk, a thread moves them on into the database.

    While the database is dead, slow or hangs, records wait on the disk; when it is back they follow in their order,
    each once. All processes of a machine share the folder.

    Args:
        folder: the state of the service; `spool/` in it is this log's, and `decisions.db`, unless there is a url.
        url: of the database; None: SQLite in the folder.
        retention_days: decisions older than this are deleted once an hour; None: never.
        timeout: seconds that the database may take.

    Raises:
        TriageError: the folder cannot be written, or the url is none.
    """

    def __init__(
        self,
        folder: Path,
        url: str | None = None,
        retention_days: float | None = None,
        timeout: float = 5.0,
    ) -> None:
        self._early: deque[Decision] = deque(maxlen=EARLY)
        self._overridden: Callable[[Decision], None] = self._early.append
        self.spool = Spool(Path(folder) / "spool")
        self.database = connect(folder, url, timeout)
        self.breaker = Breaker(f"the database ({self.database.name})", pause=0.5, longest=5.0)
        self.retention_days = retention_days
        self.stored = 0
        self.rejected = 0
        self._migrated = False
        self._preparing = threading.Lock()
        self._adopted = self._expired = self._asked = float("-inf")
        self._pace = Pace()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="decision-log", daemon=True)
        self._thread.start()

    def append(self, record: Record) -> None:
        """Put a record on the disk: one write, no wait for the database.

        Raises:
            TriageError: the disk refuses; then nothing of the record is kept.
        """
        self.append_line(line_of(record))

    def append_line(self, line: bytes) -> None:
        """The same, of a record as `records.line_of` or `decision_line` writes it."""
        try:
            self.spool.append(line)
        except TriageError as error:
            logger.error("a record is not kept: %s", error)
            raise

    def tell(self, overridden: Callable[[Decision], None]) -> None:
        """Call this, once, for a decision that a person gave another label, when the first correction that does is
        stored; now for those of which that happened before somebody asked.
        """
        self._overridden = overridden
        for decision in self._early:
            overridden(decision)

    def read(self, prediction_id: str) -> Decision | None:
        """The decision of that id, stored or still on this machine's disk.

        Raises:
            TriageError: it is not on the disk, and the database does not answer.
        """
        found, _ = known.waiting(self.spool, prediction_id)
        if found:
            return min(found, key=lambda one: one.shadow)
        return self._ask(lambda database: database.decision(prediction_id))

    def told(self, prediction_id: str) -> known.Told | None:
        """A decision, what people said of it, and whether the database has it; of one that it has not, what lies on
        this machine's disk.

        Raises:
            TriageError: it is not on the disk, and the database does not answer.
        """
        return known.told(self.spool, self._ask, prediction_id)

    def state(self) -> dict[str, Any]:
        """How the log is: `waiting` records and `bytes` on the disk, and whether the database answers."""
        return {
            "database": self.database.name,
            "breaker": self.breaker.state,
            "waiting": self.spool.waiting,  # of this process, and of dead ones that it took over
            "bytes": self.spool.size(),  # of all processes of the machine
            "stored": self.stored,  # by this process, since it started
            "rejected": self.rejected,
        }

    def close(self) -> None:
        """Store what is left, as far as that goes within seconds; the rest is stored by the next process."""
        self._stop.set()
        self._thread.join(LAST + 2 * self.database.timeout)
        if not self._thread.is_alive():
            self.spool.close()
            self.database.close()

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            self._round(float("inf"))
        self._round(time.monotonic() + LAST)

    def _round(self, until: float) -> None:
        try:
            if time.monotonic() - self._adopted >= ADOPT:
                self._adopted = time.monotonic()
                if found := self.spool.adopt():
                    logger.warning("%d records of a process that ended are stored now", found)
            while self.breaker.due == 0 and time.monotonic() < until and (batch := self.spool.take(BATCH)):
                self._pace.begin()
                self.breaker.call(partial(self._store, batch))
                self.spool.done(batch)
                self.stored += len(batch.lines)
                self._asked = time.monotonic()
                self._stop.wait(self._pace.rest(self.spool.waiting))
            # Whether it answers is known when nothing is to be stored, too.
            if time.monotonic() - self._asked >= (PING if self.breaker.state == "closed" else 0):
                self.breaker.call(self._ping)
                self._asked = time.monotonic()
            self._expire()
        except Refused:
            pass
        except (
            Exception
        ) as error:  # whatever it is, it must not end the thread; what it says may be a ticket's
            logger.warning(
                "%s fails (%s): decisions wait on the disk", self.breaker.name, type(error).__name__
            )

    def _store(self, batch: Batch) -> None:
        self._prepare()
        records, bad = [], []
        for line in batch.lines:
            try:
                records.append(parse(line))
            except UNREADABLE:
                bad.append(line)
        bad += map(line_of, self.database.store(records))
        # Told last: where something fails before, the batch comes again.
        overridden = known.overridden(self.spool, self.database, records)
        for line in bad:  # must not hold up the others
            rejected.add(self.spool.folder, line)
            self.rejected += 1
            logger.error("a record cannot be stored; it lies in %s", self.spool.folder)
        for decision in overridden:
            self._overridden(decision)

    def _ping(self) -> None:
        self._prepare()
        self.database.ping()

    def _prepare(self) -> None:
        if self._migrated:
            return
        # Changing the tables may take minutes, for which only the thread that does it waits.
        if not self._preparing.acquire(timeout=self.database.timeout):
            raise TimeoutError("the tables are being changed")
        try:
            if not self._migrated:
                self.database.migrate()
                self._migrated = True
        finally:
            self._preparing.release()

    def _expire(self) -> None:
        if self.retention_days is None or time.monotonic() - self._expired < EXPIRE or not self._migrated:
            return
        from ticket_triage.feedback import retention

        days = self.retention_days

        def delete() -> None:
            try:
                retention.expire(self.database, days, by="the service", spool=self.spool.folder)
            except OSError as error:  # of the file of rejected records: no fault of the database
                logger.error("records that were set aside are not deleted: %s", error.strerror or error)

        self.breaker.call(delete)
        self._expired = time.monotonic()

    def _ask(self, work: "Callable[[Database], T]") -> T:
        def ask() -> T:
            self._prepare()
            return work(self.database)

        try:
            return self.breaker.call(ask)
        except Exception as error:  # whatever its driver throws; the cause goes along
            raise TriageError(
                "the database does not answer; what it holds can be read again later"
            ) from error


def connect(folder: Path, url: str | None = None, timeout: float = 5.0) -> "Database":
    """The database of the log of that folder; nothing is asked of it yet.

    Raises:
        TriageError: the url is none, or of another kind of database.
    """
    from ticket_triage.feedback import database  # a second that importing the service must not cost

    return database.Database(address(folder, url), timeout)


def address(folder: Path, url: str | None = None) -> str:
    """Of the log's database: the url, or else that of the file in the state folder."""
    return url or f"sqlite:///{Path(folder).absolute() / FILE}"
