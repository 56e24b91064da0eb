"""What bench_serve.py holds the service against: FastAPI around a `Predictor`, and nothing else."""

import os
import uuid
from pathlib import Path
from time import perf_counter
from typing import Any

from fastapi import FastAPI
from pydantic_core import to_json

from ticket_triage.schema import Prediction, Ticket
from ticket_triage.serving.engine import cache_key
from ticket_triage.serving.predictor import Predictor, as_logged, masked

app = FastAPI()
predictor = Predictor.load(Path(os.environ["BARE_MODEL"]))
predictor.predict(Ticket(text="the first answer loads what is left"))
answers: dict[str, Any] | None = {} if os.environ["BARE_ANSWERS"] != "0" else None


@app.get("/readyz")
async def ready() -> str:
    """The model is loaded."""
    return "yes"


# On the event loop, which is faster than FastAPI's threads: a prediction holds the interpreter anyway.
@app.post("/predict-ticket")
async def predict(ticket: Ticket) -> Prediction:
    """The prediction."""
    if answers is None:
        return predictor.predict(ticket)
    started = perf_counter()
    seen = masked(ticket)
    key = cache_key(predictor, to_json(as_logged(seen)), "short")
    if (answer := answers.get(key)) is None:
        answer = predictor.answer(seen)
        answers[key] = answer
    return predictor.prediction(answer, uuid.uuid4().hex, round((perf_counter() - started) * 1000, 3))
