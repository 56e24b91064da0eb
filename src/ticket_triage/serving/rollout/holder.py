"""Who answers in a worker at this moment, and what it has seen of champion and challenger."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ticket_triage.feedback.records import Decision, Variant
from ticket_triage.schema import ModelRef
from ticket_triage.serving.predictor import Predictor
from ticket_triage.serving.rollout import assign, counts, guard
from ticket_triage.serving.rollout.alert import Alerts
from ticket_triage.serving.rollout.beside import Beside, differ
from ticket_triage.serving.rollout.follow import Follower
from ticket_triage.serving.rollout.guard import Limits
from ticket_triage.serving.rollout.plan import Plan
from ticket_triage.serving.rollout.turns import Fixed, Turn
from ticket_triage.serving.rollout.versions import Versions

TWICE = 0.1  # of all tickets, at most, a canary's are answered by the champion too


@dataclass(frozen=True, slots=True)
class Now:
    """Who answers at a moment; replaced as a whole."""

    plan: Plan
    champion: Predictor
    challenger: Predictor | None = None

    @property
    def step(self) -> str:
        """Names the step whose evidence is gathered."""
        return f"{self.plan.rollout}/{self.plan.step}"

    def variant(self, predictor: Predictor | None) -> Variant | None:
        """As what a predictor answers, if it does."""
        if predictor is not None and predictor is self.challenger:
            return "challenger"
        return "champion" if predictor is self.champion else None


class Rollout(Fixed):
    """Assigns tickets to champion and challenger by the plan of a state folder, and counts how they do.

    No ticket waits for a change: who answers is replaced in one step, once the new version gave its canaries the right
    answers, and a ticket that is being answered is answered by whom it began with. `start` follows the plan.

    Args:
        own: the model of the Bento, loaded and proven.
        state: folder of the plan, which the workers of a machine share.
        record: keeps an answer that was given beside.
        limits: of the guard.
        challenger: folder of the Bento's challenger, where it has one.
        kept: how many versions that no longer answer stay in memory, to replay what they said.
        queue: how many answers beside may wait.
    """

    def __init__(
        self,
        own: Predictor,
        state: Path,
        record: Callable[[Decision], None],
        *,
        limits: Limits,
        challenger: Path | None = None,
        alerts: Alerts | None = None,
        kept: int = 2,
        queue: int = 256,
    ) -> None:
        super().__init__(own)
        self.folder = Path(state)
        self.limits = limits
        self.alerts = alerts or Alerts()
        self.versions = Versions(own, challenger, kept)
        self.now = Now(Plan(), own)
        self._tally = counts.Tally()
        self._counting = threading.Lock()
        self._beside = Beside(record, self._answered_beside, queue)
        self._follower = Follower(self)

    @property
    def champion(self) -> Predictor:
        """Who answers unless a ticket is the challenger's."""
        return self.now.champion

    def turn(self, customer: str | None, prediction_id: str) -> Turn:
        """Who answers a ticket of this customer, and who answers it too, unseen."""
        now = self.now
        share = now.plan.share
        if now.challenger is None or not assign.chosen(now.plan.rollout, customer or prediction_id, share):
            return Turn(now.champion)
        if now.plan.mode == "shadow":
            return Turn(now.champion, shadow=now.challenger)
        twice = assign.beside(prediction_id, TWICE / share)
        return Turn(now.challenger, "challenger", now.champion if twice else None)

    def failed(self, turn: Turn) -> Turn | None:
        """Who answers in place of one that raised: the champion for a challenger, nobody for the champion."""
        now = self.now
        if now.challenger is not None and (variant := now.variant(turn.predictor)) is not None:
            with self._counting:
                self._tally.add(variant, answered=1, served=1, faults=1)
        return Turn(now.champion) if turn.predictor is not now.champion else None

    def observe(self, turn: Turn, decision: Decision, timed: bool = True) -> None:
        """Count a decision, and have the other model answer it too where the turn says so."""
        now = self.now
        if now.challenger is None or (variant := now.variant(turn.predictor)) is None:
            return
        with self._counting:
            self._count(variant, decision.answer, served=1)
            if timed and not decision.cached:
                self._tally.time(variant, decision.latency_ms)
        if turn.shadow is not None:
            self._beside.put(turn, decision)

    def corrected(self, decision: Decision) -> None:
        """Count that a person overrode a decision that was made in this step."""
        now = self.now
        if now.challenger is None or decision.shadow or (now.plan.since and decision.at < now.plan.since):
            return
        variant = now.variant(self.versions.get(decision.model))
        if variant == decision.variant:
            with self._counting:
                self._tally.add(variant, overridden=1)

    def predictor(self, ref: ModelRef) -> Predictor | None:
        """The predictor of exactly this version, if it answers here or did not long ago."""
        return self.versions.get(ref)

    def refs(self) -> tuple[ModelRef, ...]:
        """The versions that answer."""
        now = self.now
        return tuple(one.ref for one in (now.champion, now.challenger) if one is not None)

    def counted(self) -> dict[str, int]:
        """Answers beside that were dropped, and alerts, of this worker."""
        return {
            "dropped": self._beside.dropped,
            "alerts": self.alerts.fired,
            "unsent": self.alerts.unsent,
        }

    def state(self) -> dict[str, Any]:
        """What runs and what the guard sees, as JSON values."""
        now = self.now
        running = now.challenger is not None
        found: dict[str, Any] = {
            "mode": now.plan.mode if running else "off",
            "share": now.plan.share if running else 0.0,
            "rollout": now.plan.rollout or None,
            "champion": now.champion.ref.model_dump(),
            "challenger": now.challenger.ref.model_dump() if now.challenger else None,
            "shadow_queue": len(self._beside),
            **self.counted(),
            "guard": [],
        }
        if running:
            seen = counts.total(counts.read(self.folder / counts.FOLDER), self.sheet())
            found["guard"] = guard.table(seen, self.limits, now.plan)
        return found

    def start(self) -> None:
        """Follow the plan from now on; versions that it names already are loaded before this returns."""
        self._follower.start()

    def close(self) -> None:
        """End what goes on beside the tickets."""
        self._follower.close()
        self._beside.close()

    def leave(self) -> None:
        """Show the other workers what was counted after `close`."""
        self._follower.leave()

    def swap(self, new: Now) -> None:
        """Have others answer from now on."""
        old = self.now
        self.versions.use(*(one for one in (new.champion, new.challenger) if one is not None))
        with self._counting:
            if (new.step, new.champion, new.challenger) != (old.step, old.champion, old.challenger):
                self._tally = counts.Tally()
            self.now = new

    def sheet(self) -> counts.Sheet:
        """What this worker has counted, for the others."""
        now = self.now
        with self._counting:
            seen = self._tally.counts()
        return counts.Sheet(
            step=now.step,
            champion=now.champion.ref,
            challenger=now.challenger.ref if now.challenger else None,
            own=self.own.ref,
            own_challenger=self.versions.own_challenger,
            pid=os.getpid(),
            at=datetime.now(UTC),
            counts=seen,
            dropped=self._beside.dropped,
        )

    def _count(self, variant: Variant, answer: dict[str, Any], served: int) -> None:
        bad, unsure = int(answer["degraded"]), int(answer["decision"] == "review")
        self._tally.add(variant, answered=1, served=served, faults=bad, review=unsure)

    def _answered_beside(self, turn: Turn, decision: Decision, answer: dict[str, Any] | None) -> None:
        now = self.now
        if now.challenger is None or (variant := now.variant(turn.shadow)) is None:
            return
        with self._counting:
            if answer is None:
                self._tally.add(variant, answered=1, faults=1)
                return
            self._count(variant, answer, served=0)
            self._tally.pair(differ(decision.answer, answer))
