"""What all benchmarks of the champion begin with."""

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ticket_triage import params
from ticket_triage.models.encoder import FAMILY
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.sources import sample

OUT = Path(__file__).parent / "out"
CHAMPION = Path("data/models/champion")


def without_encoder(model: TriageModel) -> TriageModel:
    """The same vote of the other members; for its speed, since its thresholds are of the whole vote."""
    heads = {}
    for task, head in model.heads.items():
        others = tuple(voter for voter in head.voters if voter.family != FAMILY)
        if not others:
            sys.exit(f"the encoder alone votes on {task}: there is nothing to measure without it")
        heads[task] = head.model_copy(update={"voters": others})
    specs = {spec for head in heads.values() for voter in head.voters for spec in voter.specs}
    steps = {digest: model.steps[digest] for spec in specs for digest in spec.steps}
    return replace(model, heads=heads, steps=steps)


def has_encoder(model: TriageModel) -> bool:
    """Whether it votes on any task."""
    return any(voter.family == FAMILY for head in model.heads.values() for voter in head.voters)


def tickets(count: int) -> pd.DataFrame:
    """Generated tickets that the champion was not trained on: `tweet_id` and `text`."""
    source = params.read().ingest.presets["sample"]
    frame, _ = sample.generate(Path(source.path), count, 0, seed=1)
    first = (frame["inbound"] == "True") & (frame["in_response_to_tweet_id"] == "")
    return frame.loc[first, ["tweet_id", "text"]].head(count)
