"""An answer, and the JSON of it."""

import json
from dataclasses import dataclass
from typing import Any

from ticket_triage.schema import ModelRef, Prediction

_NOBODY = ModelRef(name="", version="")
_OF_A_MOMENT = {"prediction_id", "model", "latency_ms"}


@dataclass(frozen=True, slots=True)
class Said:
    """All of a prediction that follows from the ticket alone; `json` is made once, however often it is sent."""

    answer: dict[str, Any]
    json: bytes

    @classmethod
    def of(cls, answer: dict[str, Any]) -> "Said":
        """What a `Predictor` answered.

        Raises:
            ValidationError: it is not of the shape that is promised.
        """
        whole = Prediction(prediction_id="", model=_NOBODY, **answer)
        return cls(answer, whole.model_dump_json(exclude=_OF_A_MOMENT).encode())

    @classmethod
    def read(cls, content: bytes) -> "Said":
        """What was kept as `json`.

        Raises:
            ValueError: it is none.
        """
        if not isinstance(answer := json.loads(content), dict):
            raise ValueError("no answer")
        return cls(answer, content)

    def prediction(self, prediction_id: str, model: bytes, latency_ms: float) -> bytes:
        """The whole `Prediction` as JSON; `model` is the version that answered, as JSON."""
        return b'{"prediction_id":"%b","model":%b,%b,"latency_ms":%b}' % (
            prediction_id.encode(),
            model,
            self.json[1:-1],
            repr(latency_ms).encode(),
        )
