"""Small tables of invented gold tickets, and sizes to split them by."""

import random

import pandas as pd

from ticket_triage.files import text_key
from ticket_triage.labeling import gold
from ticket_triage.params import Split
from ticket_triage.schema import TICKET_DTYPES

SIZES = Split(test=1500, newest=0.1, validation=0.2, near_duplicate=0.8, seed=1)
VOCABULARY = [f"w{number}" for number in range(300)]


def tickets(count: int = 400, labelled: float = 1.0, seed: int = 0) -> pd.DataFrame:
    draw = random.Random(seed)
    frame = pd.DataFrame(
        {
            "ticket_id": [f"s:{seed}-{at}" for at in range(count)],
            "source": "s",
            "text": [" ".join(draw.choices(VOCABULARY, k=12)) for _ in range(count)],
            "customer": [f"c{draw.randrange(count)}" if draw.random() < 0.5 else None for _ in range(count)],
            "created_at": [
                pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(hours=at)
                if draw.random() < 0.6
                else pd.NaT
                for at in range(count)
            ],
        }
    )
    frame["text_key"] = frame["text"].map(text_key)
    frame = frame.reindex(columns=list(TICKET_DTYPES)).astype(TICKET_DTYPES)
    has = [draw.random() < labelled for _ in range(count)]
    frame["gold_category"] = [draw.choice("aaabbc") if yes else None for yes in has]
    frame["gold_priority"] = [draw.choice(["low", "medium"]) if yes else None for yes in has]
    return frame.reindex(columns=[*TICKET_DTYPES, *gold.TICKET_GOLD])


def changed(frame: pd.DataFrame, **columns: dict[int, object]) -> pd.DataFrame:
    frame = frame.copy()
    for column, values in columns.items():
        for at, value in values.items():
            frame.loc[at, column] = value
    frame["text_key"] = frame["text"].map(text_key)
    return frame
