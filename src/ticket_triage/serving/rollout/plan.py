"""What is being rolled out, in a file that commands and guard change and every worker reads; and its history."""

import fcntl
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field, ValidationError

from ticket_triage import files
from ticket_triage.files import TriageError
from ticket_triage.schema import Frozen, ModelRef

PLAN, HISTORY, LOCK = "rollout.json", "rollout-history.jsonl", ".rollout.lock"
Mode = Literal["off", "shadow", "canary"]


class Version(Frozen):
    """A version of a model and the folder that holds it; None: the service's Bento does."""

    ref: ModelRef
    folder: str | None = None


class Step(Frozen):
    """A share of the tickets, and the evidence that it takes to leave it for the next."""

    share: float = Field(gt=0, le=1)
    tickets: int = Field(ge=0)  # that the challenger answered
    seconds: float = Field(ge=0)


RAMP = (
    Step(share=0.05, tickets=200, seconds=600),
    Step(share=0.25, tickets=1_000, seconds=1_800),
    Step(share=1.0, tickets=1_000, seconds=3_600),
)


class Plan(Frozen):
    """Who answers.

    In `shadow` the challenger answers `share` of the tickets beside the champion, unseen; in `canary` in its place.
    `step` counts the shares that this rollout had: evidence is gathered anew in each. A `champion` here serves in place
    of the Bento's own for as long as that is `own`, so that a newer Bento is not served an old model.
    """

    rollout: str = ""
    mode: Mode = "off"
    share: float = Field(default=0, ge=0, le=1)
    step: int = 0
    since: AwareDatetime | None = None
    ramp: tuple[Step, ...] = ()
    challenger: Version | None = None
    champion: Version | None = None
    own: ModelRef | None = None

    @property
    def here(self) -> Step | None:
        """The step of the ramp that the share is at."""
        return next((step for step in self.ramp if step.share >= self.share), None)

    @property
    def next(self) -> Step | None:
        """The step of the ramp that comes after it."""
        return next((step for step in self.ramp if step.share > self.share), None)

    def at(self, share: float) -> "Plan":
        """The same at another share, from now on."""
        return self.model_copy(update={"share": share, "step": self.step + 1, "since": datetime.now(UTC)})

    def off(self) -> "Plan":
        """The same, ended: the champion answers all."""
        return self.model_copy(update={"mode": "off", "share": 0.0, "since": datetime.now(UTC)})


class Entry(Frozen):
    """A change: what was done, by whom and why, and who served from then on."""

    id: str
    at: AwareDatetime
    action: str
    by: str
    why: str
    rollout: str
    mode: Mode
    share: float
    champion: ModelRef | None  # None: whichever the Bento holds; no service had started
    challenger: ModelRef | None


def read(state: Path) -> Plan:
    """The plan of a state folder; off where there is none.

    Raises:
        TriageError: the file is not a plan.
    """
    path = Path(state) / PLAN
    if not path.exists():
        return Plan()
    try:
        return Plan.model_validate(files.read_json(path))
    except ValidationError as error:
        raise TriageError(
            f"{path} is no plan of a rollout: `ticket-triage rollout stop` renews it"
        ) from error


def change(
    state: Path,
    make: Callable[[Plan], Plan | None],
    *,
    action: str,
    by: str,
    why: str,
    own: ModelRef | None = None,
) -> Plan | None:
    """Write the plan that `make` makes of the one there is, and note it in the history.

    One at a time on a machine: `make` sees what it replaces, and returns None to leave it.

    Args:
        own: the version of the service's Bento, where known.

    Raises:
        TriageError: the folder cannot be written.
    """
    with locked(state):
        before: Plan | None
        try:
            before = read(state)
        except TriageError:  # half written by hand, say
            before = None
        after = make(before or Plan())
        if after is None or after == before:
            return None
        files.write_json(Path(state) / PLAN, after.model_dump(mode="json"))
        note(state, after, action=action, by=by, why=why, own=own)
    return after


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Hold the plan: who changes it waits."""
    try:
        Path(state).mkdir(parents=True, exist_ok=True)
        handle = os.open(Path(state) / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise TriageError(f"cannot write below {state}: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def note(state: Path, plan: Plan, *, action: str, by: str, why: str, own: ModelRef | None) -> None:
    """Append to the history; the plan is held."""
    last = history(state)[-1:]
    entry = Entry(
        id=uuid.uuid4().hex,
        at=datetime.now(UTC),
        action=action,
        by=by,
        why=why,
        rollout=plan.rollout,
        mode=plan.mode,
        share=plan.share,
        champion=serving(plan, own) or (last[0].champion if last else None),
        challenger=plan.challenger.ref if plan.challenger else None,
    )
    try:
        with (Path(state) / HISTORY).open("ab") as stream:
            stream.write(entry.model_dump_json().encode() + b"\n")
    except OSError as error:
        raise TriageError(f"cannot write below {state}: {error.strerror}") from error


def serving(plan: Plan, own: ModelRef | None) -> ModelRef | None:
    """Which version is the champion beside a Bento of `own`."""
    if plan.champion and (own is None or plan.own == own):
        return plan.champion.ref
    return own


def history(state: Path) -> list[Entry]:
    """All changes, oldest first; lines that are none are left out."""
    path = Path(state) / HISTORY
    found = []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            found.append(Entry.model_validate_json(line))
        except ValidationError:  # cut by a full disk
            continue
    return found


def span(
    entries: Sequence[Entry], rollout: str | None = None
) -> tuple[list[Entry], list[datetime], datetime]:
    """The changes of one rollout, the last unless it is named; when each share began, and when it ended.

    Raises:
        TriageError: there was none.
    """
    names = [entry.rollout for entry in entries if entry.action == "start"]
    if not names or (rollout is not None and rollout not in names):
        raise TriageError(f"there was no rollout {rollout}" if rollout else "there was no rollout yet")
    ours = [entry for entry in entries if entry.rollout == (rollout or names[-1])]
    running = [entry for entry in ours if entry.mode != "off"]
    ends = [entry.at for entry in ours if entry.mode == "off" and entry.at >= running[0].at]
    return ours, [entry.at for entry in running], ends[0] if ends else datetime.now(UTC)
