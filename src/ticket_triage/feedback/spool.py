"""Records on disk before their answers leave: a file of one process, which others only take over when it is dead."""

import contextlib
import fcntl
import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ticket_triage.files import TriageError

SEGMENT = 16 * 1024 * 1024  # bytes of a file, about
CHUNK = 1024 * 1024  # bytes read at once

logger = logging.getLogger("bentoml.ticket_triage")


@dataclass(eq=False)
class Segment:
    """A file of lines; `position` is how far it was taken."""

    path: Path
    position: int = 0


@dataclass
class Owner:
    """A process, living or dead, its lock and its segments in the order in which they were begun."""

    name: str
    lock: int
    segments: list[Segment] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of one segment, oldest first, without their ends."""

    segment: Segment
    lines: tuple[bytes, ...]
    end: int


class Spool:
    """An append-only queue of lines in a folder that all processes of a machine share.

    Each process appends to a file of its own and holds a lock beside it. Where the lock is free, the process is dead,
    and whoever gets it takes over what it left. What `append` returned from survives the process, but not a loss of
    power: nothing is fsynced. One thread may take while others append.

    Args:
        folder: made where it is lacking.
        segment: bytes from which a new file is begun.

    Raises:
        TriageError: the folder cannot be written.
    """

    def __init__(self, folder: Path, segment: int = SEGMENT) -> None:
        self.folder = Path(folder)
        self.segment = segment
        self.waiting = 0  # records not taken and done
        self._guard = threading.Lock()
        self._begun = 0
        self._end = 0  # bytes of the file that is appended to
        self._file = -1
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._own = self._enter()
            self._owners = [self._own]
            self._open()
        except OSError as error:
            raise TriageError(f"cannot write {self.folder}: {error.strerror or error}") from error

    def append(self, line: bytes) -> None:
        """Add a line, which holds no line end: one write, and on the disk as far as the kernel is concerned.

        Raises:
            TriageError: the disk refuses; nothing of the line stays.
        """
        whole = line + b"\n"
        with self._guard:
            try:
                if self._end >= self.segment:
                    full = self._file
                    self._open()
                    os.close(full)
                written = os.write(self._file, whole)
                if written < len(whole):
                    os.ftruncate(self._file, self._end)
                    raise TriageError(f"cannot write {self.folder}: the disk is full")
            except OSError as error:
                raise TriageError(f"cannot write {self.folder}: {error.strerror or error}") from error
            self._end += written
            self.waiting += 1

    def adopt(self) -> int:
        """Take over what dead processes left; how many lines that is."""
        found = 0
        known = {owner.name for owner in self._owners}
        for path in sorted(self.folder.glob("*.lock")):
            if path.stem in known or (lock := _lock(path)) is None:
                continue
            segments = [Segment(one) for one in sorted(self.folder.glob(f"{path.stem}.*.jsonl"))]
            owner = Owner(path.stem, lock, segments)
            found += sum(map(_count, segments))
            # Before our own: it is older.
            self._owners.insert(len(self._owners) - 1, owner)
        with self._guard:
            self.waiting += found
        return found

    def take(self, limit: int) -> Batch | None:
        """The oldest lines, at most `limit`, all of one process; None where there are none. `done` moves on."""
        for owner in list(self._owners):
            for segment in list(owner.segments):
                # Asked before reading: what is no longer written to then has its last line.
                written = owner is self._own and segment is owner.segments[-1]
                try:
                    batch = _read(segment, limit)
                except FileNotFoundError:
                    self._lose(owner, segment)
                    continue
                if batch:
                    return batch
                if not written:
                    # A rest without an end is of a process that was killed while writing: nobody was answered.
                    segment.path.unlink(missing_ok=True)
                    owner.segments.remove(segment)
            if owner is not self._own:
                self._leave(owner)
        return None

    def done(self, batch: Batch) -> None:
        """Lines that are kept elsewhere now, so that they need not be here."""
        segment = batch.segment
        segment.position = batch.end
        with self._guard:
            self.waiting -= len(batch.lines)
            if segment is self._own.segments[-1] and segment.position == self._end:
                os.ftruncate(self._file, 0)
                segment.position = self._end = 0

    def find(self, needle: bytes) -> Iterator[bytes]:
        """Lines of all processes that hold the bytes and are not done, or were lately."""
        for path in sorted(self.folder.glob("*.*.jsonl")):
            with contextlib.suppress(FileNotFoundError):
                content = path.read_bytes()
                content = content[: content.rfind(b"\n") + 1]
                if needle in content:
                    yield from (line for line in content.splitlines() if needle in line)

    def size(self) -> int:
        """Bytes of all processes that are not done."""
        return size(self.folder)

    def close(self) -> None:
        """Give up the locks: what is left is for another process."""
        with self._guard:
            os.close(self._file)
            self._file = -1  # the number may be another file's soon
            for owner in self._owners:
                if owner is self._own and not any(map(_count, owner.segments)):
                    for segment in owner.segments:
                        segment.path.unlink(missing_ok=True)
                    owner.segments.clear()
                self._leave(owner)

    def _lose(self, owner: Owner, segment: Segment) -> None:
        """Go on without a file that somebody deleted."""
        logger.error("%s was deleted: what it held of the decision log is lost", segment.path)
        with self._guard:
            if segment is self._own.segments[-1]:
                gone = self._file
                self._open()
                os.close(gone)
            owner.segments.remove(segment)
            self.waiting = sum(_count(one) for owner in self._owners for one in owner.segments)

    def _enter(self) -> Owner:
        while True:
            name = f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}"
            path = self.folder / f"{name}.lock"
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            lock = _lock(path)
            if lock is not None:  # else someone held us for dead, and leaves when nothing is found
                return Owner(name, lock)

    def _leave(self, owner: Owner) -> None:
        if not owner.segments:
            (self.folder / f"{owner.name}.lock").unlink(missing_ok=True)
        os.close(owner.lock)
        self._owners = [one for one in self._owners if one is not owner]

    def _open(self) -> None:
        path = self.folder / f"{self._own.name}.{self._begun:08d}.jsonl"
        self._file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
        self._begun += 1
        self._end = 0
        self._own.segments.append(Segment(path))


def size(folder: Path) -> int:
    """Bytes that wait in the folder of a spool, of all processes of the machine."""
    total = 0
    for path in Path(folder).glob("*.*.jsonl"):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def _lock(path: Path) -> int | None:
    """Descriptor that holds the lock, or None where a living process does."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file


def _read(segment: Segment, limit: int) -> Batch | None:
    size = CHUNK
    with segment.path.open("rb") as stream:
        while True:
            stream.seek(segment.position)
            content = stream.read(size)
            if b"\n" in content or len(content) < size:
                break
            size *= 2
    lines = content[: content.rfind(b"\n") + 1].split(b"\n", limit)[:-1] if b"\n" in content else []
    if not lines:
        return None
    return Batch(segment, tuple(lines), segment.position + sum(len(line) + 1 for line in lines))


def _count(segment: Segment) -> int:
    """Lines that were not taken."""
    with contextlib.suppress(FileNotFoundError), segment.path.open("rb") as stream:
        stream.seek(segment.position)
        return sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(CHUNK), b""))
    return 0
