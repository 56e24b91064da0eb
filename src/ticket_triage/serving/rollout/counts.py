"""What a worker has seen of champion and challenger, and the files in which all workers of a machine show it."""

import os
from bisect import bisect_left
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any

from pydantic import ValidationError

from ticket_triage import files
from ticket_triage.feedback.records import Variant
from ticket_triage.files import TriageError
from ticket_triage.schema import Frozen, ModelRef

FOLDER = "rollout"
ALIVE = 10.0  # seconds after which a worker that has shown nothing new is gone
# Upper ends of classes of milliseconds, each a quarter more than the one before: 0.5 ms to 11 s.
EDGES = tuple(round(0.5 * 1.25**step, 3) for step in range(46))


class Arm(Frozen):
    """How one of the two did.

    `answered` are tickets that it answered, seen or unseen; of these `faults` were degraded or none at all, `review`
    were sent to people. `served` are those that were sent out, `overridden` those that a person corrected since.
    `times` are counts of milliseconds by `EDGES` of what was served and not remembered; the last: longer.
    """

    answered: int = 0
    faults: int = 0
    review: int = 0
    served: int = 0
    overridden: int = 0
    times: tuple[int, ...] = (0,) * (len(EDGES) + 1)


class Counts(Frozen):
    """Both, and how often they `differ` in a label on the `pairs` of answers to the same ticket."""

    champion: Arm = Arm()
    challenger: Arm = Arm()
    pairs: int = 0
    differ: int = 0


class Tally:
    """Counts that grow; not safe in several threads by itself."""

    def __init__(self) -> None:
        self._arms: dict[str, dict[str, int]] = {"champion": {}, "challenger": {}}
        self._times = {"champion": [0] * (len(EDGES) + 1), "challenger": [0] * (len(EDGES) + 1)}
        self._pairs = self._differ = 0

    def add(self, variant: Variant, **counts: int) -> None:
        """Count fields of an arm up."""
        arm = self._arms[variant]
        for name, count in counts.items():
            arm[name] = arm.get(name, 0) + count

    def time(self, variant: Variant, milliseconds: float) -> None:
        """Count how long an answer took."""
        self._times[variant][bisect_left(EDGES, milliseconds)] += 1

    def pair(self, differ: bool) -> None:
        """Count two answers to the same ticket."""
        self._pairs += 1
        self._differ += differ

    def counts(self) -> Counts:
        """What was counted up to now."""
        arms = {variant: Arm(**arm, times=tuple(self._times[variant])) for variant, arm in self._arms.items()}
        return Counts(**arms, pairs=self._pairs, differ=self._differ)


class Sheet(Frozen):
    """A worker's file: what it counted in which step of which rollout, and between which versions."""

    step: str
    champion: ModelRef
    challenger: ModelRef | None
    own: ModelRef  # of its Bento
    own_challenger: ModelRef | None = None
    pid: int
    at: datetime
    counts: Counts
    dropped: int = 0  # answers beside that the queue had no room for


def write(folder: Path, name: str, sheet: Sheet) -> None:
    """Write a worker's file, so that whoever reads it finds all of it or the one before."""
    draft = folder / f".{name}.tmp"
    folder.mkdir(parents=True, exist_ok=True)
    draft.write_text(sheet.model_dump_json(), "utf-8")
    os.replace(draft, folder / f"{name}.json")


def read(folder: Path) -> list[Sheet]:
    """All workers' files that can be read."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(Sheet.model_validate(files.read_json(path)))
        except (TriageError, ValidationError):  # of other code, or deleted just now
            continue
    return found


def remove(folder: Path, name: str) -> None:
    """Delete the file of a worker that ends."""
    (folder / f"{name}.json").unlink(missing_ok=True)


def sweep(folder: Path, step: str | None = None) -> None:
    """Delete files of workers that are gone, but for what they counted in a step that lasts."""
    for path in folder.glob("*.json"):
        with suppress(OSError):  # deleted just now
            if time() - path.stat().st_mtime < ALIVE:
                continue
            try:
                kept = step is not None and Sheet.model_validate(files.read_json(path)).step == step
            except (TriageError, ValidationError):  # of other code
                kept = False
            if not kept:
                path.unlink()


def running(folder: Path, seconds: float = ALIVE) -> list[Sheet]:
    """Files of workers that were alive so many seconds ago."""
    return [sheet for sheet in read(folder) if (datetime.now(UTC) - sheet.at).total_seconds() < seconds]


def total(sheets: Iterable[Sheet], like: Sheet) -> Counts:
    """The sum over files of the same step between the same versions as `like`."""
    same = [
        sheet.counts
        for sheet in sheets
        if (sheet.step, sheet.champion, sheet.challenger) == (like.step, like.champion, like.challenger)
    ]
    return Counts(
        champion=_sum(counts.champion for counts in same),
        challenger=_sum(counts.challenger for counts in same),
        pairs=sum(counts.pairs for counts in same),
        differ=sum(counts.differ for counts in same),
    )


def _sum(arms: Iterable[Arm]) -> Arm:
    arms = list(arms)
    fields: dict[str, Any] = {
        name: sum(getattr(arm, name) for arm in arms) for name in Arm.model_fields if name != "times"
    }
    times = [sum(column) for column in zip(*(arm.times for arm in arms), strict=True)]
    return Arm(**fields, **({"times": tuple(times)} if times else {}))
