"""Records that the database will not take, set aside in a file of the spool for a person to look at."""

import fcntl
import os
import re
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

FILE = "rejected.jsonl"
_AT = re.compile(rb'"at":"([^"]{10,40})"')
_ID = re.compile(rb'"prediction_id":"([^"]{1,100})"')


def add(spool: Path, line: bytes) -> None:
    """Set a record aside, as it lay in the spool."""
    with open(os.open(Path(spool) / FILE, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)  # until it is closed
        stream.write(line + b"\n")


def expire(spool: Path, before: datetime) -> int:
    """Delete records of before that moment; one that says no time is as old as the newest of the file."""

    def old(line: bytes, newest: datetime) -> bool:
        at = newest
        if said := _AT.search(line):
            with suppress(ValueError):
                at = datetime.fromisoformat(said[1].decode())
        return (at if at.tzinfo else at.replace(tzinfo=UTC)) < before

    return _delete(spool, old)


def forget(spool: Path, customer: str, predictions: Collection[str]) -> int:
    """Delete a customer's decisions and what was said of them; how many records.

    Args:
        customer: the pseudonym.
        predictions: ids of the customer's decisions that the database had.
    """
    ids = {one.encode() for one in predictions}
    name = b'"customer":"%b"' % customer.encode()

    def of_them(line: bytes, _: datetime) -> bool:
        said = _ID.search(line)
        if name in line and said:
            ids.add(said[1])
        return name in line or (said is not None and said[1] in ids)

    return _delete(spool, of_them)


def _delete(spool: Path, which: Callable[[bytes, datetime], bool]) -> int:
    """Delete lines; how many. In place, so that whoever adds one meanwhile adds it to the same file."""
    try:
        stream = (Path(spool) / FILE).open("r+b")
    except FileNotFoundError:
        return 0
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        about = os.fstat(stream.fileno())
        newest = datetime.fromtimestamp(about.st_mtime, UTC)
        lines = stream.readlines()
        kept = [line for line in lines if not which(line, newest)]
        if len(kept) < len(lines):
            stream.seek(0)
            stream.writelines(kept)
            stream.truncate()
            stream.flush()
            os.utime(stream.fileno(), ns=(about.st_atime_ns, about.st_mtime_ns))
    return len(lines) - len(kept)
