"""`dvc.lock`, which DVC writes in place: a kill in that moment cuts it off, and DVC then refuses to run."""

from collections.abc import Callable
from pathlib import Path

import yaml
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from voluptuous import Invalid

from ticket_triage.files import write_text

LOCK = Path("dvc.lock")
CONFLICT = "<<<<<<<"


def mend(path: Path = LOCK, say: Callable[[str], object] = print) -> None:
    """Drop the stage at which a lock file was cut off, if one was, and say so.

    DVC restores what is dropped from its run cache, or runs it again. A file that is broken in another way, by a merge
    for example, is left to DVC and to who broke it.
    """
    if not path.exists() or _whole(text := path.read_text("utf-8", errors="replace")):
        return
    lines = text.splitlines(keepends=True)
    starts = [at for at, line in enumerate(lines) if line.startswith("  ") and line[2:3].strip()]
    # The last stage that begins is the one that was being written.
    kept = lines[: starts[-1]] if len(starts) > 1 else []
    if kept and _whole("".join(kept)):
        write_text(path, "".join(kept))
    elif len(starts) < 2 and not text.startswith(CONFLICT):
        path.unlink()  # not one stage is whole
    else:
        return
    say(f"{path} was cut off by a run that was killed: {len(kept)} of its lines are whole and kept.")


def _whole(text: str) -> bool:
    try:
        COMPILED_LOCKFILE_SCHEMA(yaml.safe_load(text))
    except (yaml.YAMLError, Invalid):
        return False
    return True
