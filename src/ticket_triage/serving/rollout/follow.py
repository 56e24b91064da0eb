"""The thread of a worker that does what the plan says, and changes the plan by what the guard says."""

import logging
import os
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from ticket_triage.files import TriageError
from ticket_triage.serving.rollout import counts, guard, plan
from ticket_triage.serving.rollout.plan import Plan, Version

if TYPE_CHECKING:
    from ticket_triage.serving.rollout.holder import Rollout

logger = logging.getLogger("bentoml.ticket_triage.rollout")
LOOK = 0.25  # seconds between looks at the plan's file
JUDGE = 1.0  # seconds between looks at the counts of all workers


class Follower:
    """Looks at the plan four times a second, loads what it names, has it answer, and lets the guard look on.

    A version that fails is refused: the plan goes back, and an alert says why.
    """

    def __init__(self, rollout: "Rollout") -> None:
        self._rollout = rollout
        self._folder = rollout.folder
        self._name = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._changed: tuple[int, int] | None = None  # when the plan was, that is followed
        self._judged = 0.0
        self._said = ""  # of what went wrong, until it goes right
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rollout", daemon=True)

    def start(self) -> None:
        """Do what the plan says now, note who serves, and go on in a thread."""
        try:
            self._look()
            self._note()
            now = self._rollout.now
            counts.sweep(self._folder / counts.FOLDER, now.step if now.challenger else None)
        except Exception as error:  # no plan keeps the Bento's own model from answering
            logger.exception("the rollout's plan cannot be followed: %s", type(error).__name__)
        self._thread.start()

    def close(self) -> None:
        """End the thread; what was counted in a step that lasts is left to the others."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(5)
        self.leave()

    def leave(self) -> None:
        """Show the others what was counted last; nothing is left of a worker where no step lasts."""
        if self._rollout.now.challenger is not None:
            self._show()
        else:
            counts.remove(self._folder / counts.FOLDER, self._name)

    def _note(self) -> None:
        own, now = self._rollout.own.ref, self._rollout.now
        with plan.locked(self._folder):
            last = plan.history(self._folder)[-1:]
            if not last or last[0].champion != now.champion.ref:
                why = "the service started with this version"
                plan.note(self._folder, now.plan, action="serve", by="service", why=why, own=own)

    def _run(self) -> None:
        while not self._ended.wait(LOOK):
            try:
                self._look()
                if monotonic() - self._judged >= JUDGE:
                    self._judged = monotonic()
                    self._judge()
            except Exception as error:  # tickets are answered as before, and the next look may work
                if repr(error) != self._said:
                    self._said = repr(error)
                    logger.exception("the rollout's plan cannot be followed")
            else:
                self._said = ""

    def _look(self) -> None:
        """Follow the plan's file if it was changed."""
        try:
            file = (self._folder / plan.PLAN).stat()
            changed = (file.st_mtime_ns, file.st_ino)  # two changes may have one time, never one file
        except OSError:
            changed = (0, 0)
        if changed != self._changed:
            self._changed = changed
            try:
                self._follow(plan.read(self._folder))
            except TriageError as error:
                logger.error("%s; going on as before", error)
            self._show()

    def _follow(self, wanted: Plan) -> None:
        rollout, now = self._rollout, self._rollout.now
        challenger = wanted.challenger if wanted.mode != "off" else None
        if now.challenger is not None and (challenger is None or challenger.ref != now.challenger.ref):
            now = replace(now, plan=_as(now.plan, wanted), challenger=None)
            rollout.swap(now)  # at once, whatever there is to load
        version = wanted.champion if wanted.own == rollout.own.ref else None
        try:
            champion = rollout.versions.load(version) if version else rollout.own
        except Exception as error:  # whatever it is, such a version does not answer
            assert version is not None
            self._refuse(wanted, version, error, lambda found: _as(now.plan, found))
            return
        loaded = None
        if challenger is not None:
            try:
                loaded = rollout.versions.load(challenger)
                if loaded.ref == champion.ref:
                    raise TriageError("it is the champion")
            except Exception as error:  # likewise
                rollout.swap(replace(now, plan=wanted.off(), champion=champion))
                self._refuse(wanted, challenger, error, Plan.off)
                return
        rollout.swap(replace(now, plan=wanted, champion=champion, challenger=loaded))
        who = [one.ref.version if one else "none" for one in (champion, loaded)]
        logger.info("rollout %s at %g: champion %s, challenger %s", wanted.mode, wanted.share, *who)

    def _refuse(self, wanted: Plan, version: Version, error: Exception, back: Callable[[Plan], Plan]) -> None:
        said = str(error) if isinstance(error, TriageError) else type(error).__name__
        why = f"version {version.ref.version} of {version.ref.name} is refused: {said}"
        self._change(lambda found: back(found) if found == wanted else None, "refused", why)

    def _judge(self) -> None:
        """Show the others what was counted here, and do what all counts together ask for."""
        rollout, now = self._rollout, self._rollout.now
        sheet = self._show()
        if now.challenger is None or now.plan.since is None:
            return
        seen = counts.total(counts.read(self._folder / counts.FOLDER), sheet)
        seconds = (datetime.now(UTC) - now.plan.since).total_seconds()
        verdict = guard.judge(now.plan, seen, seconds, rollout.limits)
        after = now.plan.next
        if verdict.do == "take back":
            rollout.swap(replace(now, plan=now.plan.off(), challenger=None))  # whatever the disk says
            try:
                self._change(
                    lambda found: found.off() if found == now.plan else None, "rolled back", verdict.why
                )
            except TriageError as error:
                why = f"{verdict.why}; here alone, since it cannot be written: {error}"
                rollout.alerts.fire("rollout rolled back", why, rollout=now.plan.rollout)
        elif verdict.do == "go on" and after is not None:
            share = after.share
            self._change(lambda found: found.at(share) if found == now.plan else None, "ramped", verdict.why)

    def _show(self) -> counts.Sheet:
        sheet = self._rollout.sheet()
        counts.write(self._folder / counts.FOLDER, self._name, sheet)
        return sheet

    def _change(self, make: Callable[[Plan], Plan | None], action: str, why: str) -> None:
        own = self._rollout.own.ref
        after = plan.change(self._folder, make, action=action, by="guard", why=why, own=own)
        if after is None:
            return  # another worker was first, or a person
        if after.challenger is not None:
            at = datetime.now(UTC).isoformat()
            self._rollout.alerts.tag(after.challenger.ref, f"{at}: {action} at {after.share:.0%}, {why}")
        if action == "ramped":
            logger.info("rollout at %g: %s", after.share, why)
        else:
            challenger = after.challenger.ref.model_dump() if after.challenger else None
            self._rollout.alerts.fire(f"rollout {action}", why, rollout=after.rollout, challenger=challenger)
        self._look()


def _as(now: Plan, found: Plan) -> Plan:
    """`found`, ended, with the champion that is loaded."""
    return found.off().model_copy(update={"champion": now.champion, "own": now.own})
