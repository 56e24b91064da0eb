"""What each member costs at every prediction: the other side of what it is worth."""

import time

import numpy as np
import pandas as pd

from ticket_triage import features
from ticket_triage.models.triage_model import TriageModel

ROUNDS = 5


def members(model: TriageModel) -> pd.DataFrame:
    """Milliseconds of one ticket by each member alone, its features included: the median over the model's canaries.

    As long as this machine takes: never part of what must be the same bytes for the same inputs.

    Returns:
        task, family, milliseconds; a row per voter, in the order of the heads.
    """
    tickets = [features.one({"text": one["text"]}, calendar=model.calendar) for one in model.canaries]
    rows = []
    for task, head in model.heads.items():
        for voter in head.voters:
            taken = []
            for lap in range(ROUNDS + 1):
                for ticket in tickets:
                    start = time.perf_counter()
                    model.single.hear(voter, ticket, {})
                    if lap:  # the first warms up
                        taken.append(1000 * (time.perf_counter() - start))
            rows.append((task, voter.family, float(np.median(taken)) if taken else float("nan")))
    return pd.DataFrame(rows, columns=["task", "family", "milliseconds"])
