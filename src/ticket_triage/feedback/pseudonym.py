"""What stands for a customer in the decision log."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from ticket_triage.files import TriageError

FILE = "salt"


def maker(folder: Path, salt: str | None = None) -> Callable[[str], str]:
    """A function from a customer to 32 hex digits: HMAC-SHA256, which nobody can turn back or try without the salt.

    Args:
        folder: where a salt is drawn and kept, for the owner's eyes only, when none is given.
        salt: the same on all machines whose decisions go into one database.

    Raises:
        TriageError: the folder cannot be written, or the salt in it not be read.
    """
    key = salt.encode() if salt else _kept(Path(folder) / FILE)

    def pseudonym(customer: str) -> str:
        return hmac.new(key, customer.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]

    return pseudonym


def _kept(path: Path) -> bytes:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        if not path.exists():
            with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as stream:
                stream.write(secrets.token_hex(32))
            try:
                os.link(draft, path)  # whole, and only the first of several that start together
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        key = path.read_bytes().strip()
    except OSError as error:
        raise TriageError(f"cannot have the salt {path}: {error.strerror or error}") from error
    if len(key) < 32:
        raise TriageError(
            f"{path} holds no salt: put it back, or delete it and past decisions name no customer"
        )
    return key
