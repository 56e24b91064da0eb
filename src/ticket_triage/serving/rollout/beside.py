"""Answers that nobody sees: the other model's, computed after the one that was given."""

import logging
import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic, perf_counter, sleep
from typing import Any

from ticket_triage.feedback.records import BESIDE, Decision
from ticket_triage.schema import TASKS
from ticket_triage.serving.predictor import Predictor, as_seen
from ticket_triage.serving.rollout.turns import Turn

logger = logging.getLogger("bentoml.ticket_triage.rollout")
LATER = 0.05  # seconds, by when the answer that was given has left


class Beside:
    """A thread that answers tickets again with another model, from a queue of bounded length.

    Args:
        record: keeps the answer, a decision with `shadow` set whose id is that of the one given and `BESIDE`.
        tell: hears of the given decision and of the answer beside, None where there was none.
        size: of the queue; what finds no room is dropped and counted.
    """

    def __init__(
        self,
        record: Callable[[Decision], None],
        tell: Callable[[Turn, Decision, dict[str, Any] | None], None],
        size: int,
    ) -> None:
        self._record, self._tell = record, tell
        self._queue: queue.Queue[tuple[float, Turn, Decision] | None] = queue.Queue(size)
        self._thread = threading.Thread(target=self._run, name="rollout-beside", daemon=True)
        self.dropped = 0
        self._thread.start()

    def __len__(self) -> int:
        return self._queue.qsize()

    def put(self, turn: Turn, decision: Decision) -> None:
        """Have `turn.shadow` answer what was decided, a little later."""
        try:
            self._queue.put_nowait((monotonic() + LATER, turn, decision))
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Finish what is in hand and drop the rest."""
        while True:
            try:
                self._queue.get_nowait()
            except queue.Empty:
                break
        self._queue.put(None)
        self._thread.join(5)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            due, turn, decision = item
            if (wait := due - monotonic()) > 0:
                sleep(wait)
            assert turn.shadow is not None
            try:
                self._answer(turn, turn.shadow, decision)
            except Exception:  # nobody waits for it, and the next one may work
                logger.exception("an answer beside was lost")

    def _answer(self, turn: Turn, shadow: Predictor, decision: Decision) -> None:
        started = perf_counter()
        try:
            answer = shadow.answer(as_seen(decision.ticket))
        except Exception as error:  # counted as a fault of the model, whatever it is
            logger.warning("the other model raised %s", type(error).__name__)
            self._tell(turn, decision, None)
            return
        self._tell(turn, decision, answer)
        self._record(
            decision.model_copy(
                update={
                    "prediction_id": decision.prediction_id + BESIDE,
                    "at": datetime.now(UTC),
                    "model": shadow.ref,
                    "variant": "challenger" if turn.variant == "champion" else "champion",
                    "shadow": True,
                    "answer": answer,
                    "latency_ms": round((perf_counter() - started) * 1000, 3),
                    "cached": False,
                    "degraded": answer["degraded"],
                }
            )
        )


def differ(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two answers give a ticket another label, in either task."""
    return any((one[task] or {}).get("label") != (other[task] or {}).get("label") for task in TASKS)
