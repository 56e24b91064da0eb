"""What commands do to a rollout: they change the plan, and wait until the workers of this machine follow it."""

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

from ticket_triage import files
from ticket_triage.files import TriageError
from ticket_triage.schema import ModelRef
from ticket_triage.serving.predictor import REF, read_ref
from ticket_triage.serving.rollout import counts, plan
from ticket_triage.serving.rollout.counts import Sheet
from ticket_triage.serving.rollout.plan import Mode, Plan, Step, Version

MODELS = "models"  # folder of the versions that plans name
KEPT = 5  # of them, beside those of the plan


class Who(NamedTuple):
    """Who changes a plan, and why; kept in its history."""

    by: str
    why: str


def workers(state: Path) -> list[Sheet]:
    """What the workers that run on a state folder told last."""
    return counts.running(Path(state) / counts.FOLDER)


def own(state: Path) -> ModelRef | None:
    """The version of the Bento that runs, or None: none does."""
    return next((sheet.own for sheet in workers(state)), None)


def store(state: Path, folder: Path) -> Version:
    """Copy a model into the state folder, where it stays as it is for as long as a plan names it.

    Raises:
        TriageError: there is no model.
    """
    if not (Path(folder) / "manifest.json").is_file():
        raise TriageError(f"there is no model at {folder}")
    ref = read_ref(folder)
    place = Path(state) / MODELS / f"{ref.version}-{files.sha256(folder)[:12]}"
    if not place.is_dir():
        with files.atomic(place) as draft:
            shutil.copytree(folder, draft)
            files.write_json(draft / REF, ref.model_dump())
    _sweep(state, place)
    return Version(ref=ref, folder=str(place.resolve()))


def _sweep(state: Path, new: Path) -> None:
    """Delete stored versions but the plan's, the new one and the latest few."""
    named = plan.read(state)
    using = {new.resolve(), *(Path(v.folder) for v in (named.champion, named.challenger) if v and v.folder)}
    stored = sorted((Path(state) / MODELS).iterdir(), key=lambda place: place.stat().st_mtime, reverse=True)
    for old in [place for place in stored if place.resolve() not in using][KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def start(
    state: Path,
    challenger: Version | None,
    who: Who,
    *,
    share: float,
    mode: Mode = "canary",
    ramp: tuple[Step, ...] = (),
    rollout: str | None = None,
) -> Plan:
    """Begin to try a challenger.

    Args:
        challenger: None: the one that the running Bento holds.
        rollout: names it; machines on which it is the same assign customers alike.

    Raises:
        TriageError: a rollout runs, or there is nothing to try.
    """
    running = workers(state)
    if challenger is None:
        found = next((sheet.own_challenger for sheet in running if sheet.own_challenger), None)
        if found is None:
            raise TriageError(
                "no rollout runs; say what to try: a VERSION of the registry or a CHALLENGER folder; "
                f"no Bento that holds one runs on {state}"
            )
        challenger = Version(ref=found)
    if challenger.ref in {sheet.champion for sheet in running}:
        raise TriageError(f"version {challenger.ref.version} of {challenger.ref.name} is the champion")
    begun = {"rollout": rollout or uuid.uuid4().hex[:12], "mode": mode, "ramp": ramp, "step": 0}

    def make(found: Plan) -> Plan:
        _at_rest(found)
        return found.model_copy(update={**begun, "challenger": challenger}).at(share)

    counts.sweep(Path(state) / counts.FOLDER)
    return _changed(state, make, "start", who)


def _at_rest(found: Plan) -> None:
    if found.mode != "off":
        tried = found.challenger.ref.version if found.challenger else ""
        raise TriageError(
            f"version {tried} is being tried already: `ticket-triage rollout stop` ends that, `rollout share` goes on"
        )


def share(state: Path, to: float, who: Who) -> Plan:
    """Have the challenger answer another share from now on.

    Raises:
        TriageError: none is being tried.
    """
    return _changed(state, lambda found: _running(found).at(to), "share", who)


def _running(found: Plan) -> Plan:
    if found.mode == "off":
        raise TriageError("nothing is being tried: `ticket-triage rollout start` begins")
    return found


def stop(state: Path, who: Who) -> Plan | None:
    """Have the champion answer all again; None where nothing was being tried."""
    try:
        if plan.read(state).mode == "off":
            return None
    except TriageError:  # which is mended by this
        pass
    return plan.change(state, Plan.off, action="stop", by=who.by, why=who.why, own=own(state))


def finish(state: Path, who: Who) -> Plan:
    """Make the challenger the champion of the Bento that runs.

    Raises:
        TriageError: it does not answer all tickets yet, or no service runs.
    """
    bento = _bento(state)

    def make(found: Plan) -> Plan:
        if _running(found).mode != "canary" or found.share < 1:
            raise TriageError(
                f"the challenger answers {found.share:.0%} of the tickets: it is made champion at 100 %"
            )
        return found.off().model_copy(update={"champion": found.challenger, "own": bento})

    return _changed(state, make, "finish", who)


def swap(state: Path, champion: Version | None, who: Who) -> Plan | None:
    """Have another version answer all from now on, None the Bento's own; None where that is so already.

    Raises:
        TriageError: a rollout runs, or no service does.
    """
    bento = _bento(state)
    new = None if champion is None or champion.ref == bento else champion

    def make(found: Plan) -> Plan:
        _at_rest(found)
        return found.model_copy(update={"champion": new, "own": bento if new else None})

    return plan.change(state, make, action="swap", by=who.by, why=who.why, own=bento)


def back(state: Path, who: Who) -> Plan | None:
    """Have the Bento's own version answer all, whatever was tried or swapped; None where it does."""
    if not (Path(state) / plan.PLAN).exists():
        return None

    def make(found: Plan) -> Plan:
        ended = found.off() if found.mode != "off" else found
        return ended.model_copy(update={"champion": None, "own": None})

    return plan.change(state, make, action="rollback", by=who.by, why=who.why, own=own(state))


def _bento(state: Path) -> ModelRef:
    found = {sheet.own for sheet in workers(state)}
    if not found:
        raise TriageError(f"no service runs on {state}: start it first, or name its folder with --state")
    if len(found) > 1:
        raise TriageError(f"two Bentos run on {state}: wait until one of them is left")
    return found.pop()


def _changed(state: Path, make: Callable[[Plan], Plan], action: str, who: Who) -> Plan:
    after = plan.change(state, make, action=action, by=who.by, why=who.why, own=own(state))
    assert after is not None
    return after


def wait(state: Path, wanted: Plan, seconds: float = 60) -> int:
    """Wait until all workers follow a plan; how many they are.

    Raises:
        TriageError: a worker refused its version, or they do not follow in that time.
    """
    challenger = wanted.challenger.ref if wanted.challenger and wanted.mode != "off" else None
    end = monotonic() + seconds
    while monotonic() < end:
        running = workers(state)
        if all(
            (sheet.step, sheet.challenger) == (f"{wanted.rollout}/{wanted.step}", challenger)
            and sheet.champion == plan.serving(wanted, sheet.own)
            for sheet in running
        ):
            return len(running)
        if plan.read(state) != wanted:
            with plan.locked(state):  # who changes it notes why, before it is let go
                last = plan.history(state)[-1]
            raise TriageError(f"{last.by} changed the plan ({last.action}): {last.why}")
        sleep(0.05)
    raise TriageError(f"workers did not follow within {seconds:g} seconds: the service's log says why")
