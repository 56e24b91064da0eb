"""Starting the server of a Bento that was packaged here."""

import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from math import ceil
from pathlib import Path

from ticket_triage import files
from ticket_triage.files import TriageError
from ticket_triage.serving import access, settings
from ticket_triage.serving.package import QUIET


def find(bento: str, bento_home: Path) -> str:
    """Tag of a Bento in the store, given as a tag or as the receipt of the package stage.

    Raises:
        TriageError: there is no such receipt, or no such Bento in the store.
    """
    tag = files.read_json(Path(bento))["bento"] if bento.endswith(".json") else bento
    name, _, version = tag.partition(":")
    shelf = Path(bento_home) / "bentos" / name
    if version in ("", "latest") and (shelf / "latest").exists():
        version = (shelf / "latest").read_text("utf-8").strip()
    if not version or not (shelf / version / "bento.yaml").exists():
        known = sorted(f"{path.parent.parent.name}:{path.parent.name}" for path in _bentos(bento_home))
        raise TriageError(
            f"there is no Bento {tag} below {bento_home}: run `make package`"
            + (f"; there are {', '.join(known)}" if known else "")
        )
    return f"{name}:{version}"


def _bentos(bento_home: Path) -> Iterator[Path]:
    return (Path(bento_home) / "bentos").glob("*/*/bento.yaml")


def serve(tag: str, bento_home: Path, host: str, port: int, open_: bool = False) -> None:
    """Become a BentoML server of a Bento; does not return.

    Args:
        open_: ask nobody for a key, which only an address that no other machine reaches may.

    Raises:
        TriageError: there is no key and it is not to be open, or the address is taken, not of this machine, or one
            that others reach.
    """
    if open_ and not _is_loopback(host):
        raise TriageError(
            f"--open would let everyone in who reaches {host}: make a key with `ticket-triage keys add` instead"
        )
    given = settings.read()
    access.check(given.state, open_ or given.open)
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        raise TriageError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    environment = {
        **settings.THREADS,
        **os.environ,
        **QUIET,
        "BENTOML_HOME": str(Path(bento_home).resolve()),
        "TICKET_TRIAGE_STATE": str(given.state.absolute()),  # a worker starts in the Bento's folder
        **({"TICKET_TRIAGE_OPEN": "1"} if open_ else {}),
    }
    command = [sys.executable, "-m", "bentoml", "serve", tag, "--host", host, "--port", str(port)]
    # A request that hangs must not keep a worker from ending; any other is long answered by then.
    command += ["--timeout-graceful-shutdown", str(ceil(given.timeout))]
    print(f"{tag} at http://{host}:{port} (Ctrl+C ends it)", file=sys.stderr, flush=True)
    os.execve(sys.executable, command, environment)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
