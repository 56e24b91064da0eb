"""API keys: random, shown once, kept as hashes, revocable while the service runs."""

import fcntl
import hashlib
import hmac
import json
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, ValidationError

from ticket_triage import files
from ticket_triage.files import TriageError
from ticket_triage.schema import Frozen

Role = Literal["predict", "review", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)  # each may do what those before it may
FILE = "keys.json"
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
BITS = 256

logger = logging.getLogger("bentoml.ticket_triage")


class Key(Frozen):
    """What is kept of a key: who holds it, what it may do, and the SHA-256 of it.

    A random key of 256 bits cannot be guessed from its hash, so that no slow hash is needed, as a password's would be.
    """

    name: str = Field(pattern=NAME)
    role: Role
    rate: float = Field(gt=0, le=1_000_000)  # tickets a second
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    created_at: datetime
    revoked_at: datetime | None = None


class _Kept(Frozen):
    keys: tuple[Key, ...] = ()


def may(holder: Role, needed: Role) -> bool:
    """Whether a role includes another."""
    return ROLES.index(holder) >= ROLES.index(needed)


def read(path: Path) -> tuple[Key, ...]:
    """All keys of a file, revoked ones too; none where there is no file.

    Raises:
        TriageError: it cannot be read, or is not what was written.
    """
    try:
        return _Kept.model_validate_json(Path(path).read_bytes()).keys
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise TriageError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        raise TriageError(f"{path} is damaged: put it back, or delete it and make new keys") from error


def add(path: Path, name: str, role: Role, rate: float) -> str:
    """Make a key and return it; it can never be shown again.

    Raises:
        TriageError: a key had that name before (the decision log knows callers by it), a value is none that a key can
            have, or the file cannot be written.
    """
    key = f"tt_{secrets.token_urlsafe(BITS // 8)}"
    with _locked(path):
        known = read(path)
        if name in {one.name for one in known}:
            raise TriageError(f"there is or was a key {name}: choose another name")
        try:
            made = Key(name=name, role=role, rate=rate, sha256=_hash(key), created_at=datetime.now(UTC))
        except ValidationError as error:
            wrong = ", ".join(str(fault["loc"][0]) for fault in error.errors())
            raise TriageError(
                f"{wrong} will not do: a name is 1 to 64 letters, digits and ._-, a role one of {', '.join(ROLES)}, "
                "a rate above 0"
            ) from error
        _write(path, (*known, made))
    return key


def revoke(path: Path, name: str) -> None:
    """End a key; running services notice with their next request.

    Raises:
        TriageError: there is no such key that is valid, or the file cannot be written.
    """
    with _locked(path):
        known = read(path)
        if name not in {one.name for one in known if one.revoked_at is None}:
            raise TriageError(f"there is no key {name} to revoke: `ticket-triage keys list` names them")
        now = datetime.now(UTC)
        _write(
            path,
            tuple(one.model_copy(update={"revoked_at": now}) if one.name == name else one for one in known),
        )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two commands at once would each write what the other did not know of."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise TriageError(f"cannot write {path}: {error.strerror}") from error


def _write(path: Path, keys: tuple[Key, ...]) -> None:
    content = json.dumps(_Kept(keys=keys).model_dump(mode="json"), indent=2)
    with files.atomic(path) as draft:
        draft.touch(mode=0o600)
        draft.write_text(f"{content}\n", "utf-8")


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


class KeyRing:
    """The valid keys of a file, read again whenever it changes.

    A file that is gone lets nobody in; one that is damaged leaves the keys that were known, and the log says so.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._seen: tuple[int, ...] | None = ()
        self._keys: tuple[Key, ...] = ()

    def holder(self, given: str) -> Key | None:
        """The key that was given, in a time that does not tell how much of it was right."""
        digest, found = _hash(given), None
        for key in self.keys():
            if hmac.compare_digest(key.sha256, digest):
                found = key
        return found

    def keys(self) -> tuple[Key, ...]:
        """Those that are valid now."""
        seen = self._stamp()
        if seen != self._seen:
            self._seen = seen
            try:
                self._keys = tuple(key for key in read(self.path) if key.revoked_at is None)
            except TriageError as error:
                logger.error("the keys stay as they were: %s", error)
        return self._keys

    def _stamp(self) -> tuple[int, ...] | None:
        try:
            status = os.stat(self.path)
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
