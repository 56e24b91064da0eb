"""What all benchmarks of the champion begin and end with."""

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from ticket_triage import params
from ticket_triage.models.encoder import FAMILY
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.sources import sample

OUT = Path(__file__).parent / "out"
CHAMPION = Path("data/models/champion")


def champion(folder: str | None = None) -> Path:
    """The folder that was named, or the champion of the last `make pipeline`; ends the program where there is none."""
    found = Path(folder or CHAMPION)
    if not found.is_dir():
        sys.exit(f"there is no {found}: run `make pipeline` first")
    return found


def plain(texts: Iterable[str], labels: Iterable[str]) -> Pipeline:
    """The baseline: TF-IDF and logistic regression, fitted."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    return make_pipeline(words, LogisticRegression(max_iter=50)).fit(texts, labels)


def keep(name: str, found: Any, default: Any = None) -> None:
    """Write what was found as benchmarks/out/<name>.json; `default` makes JSON of what is none."""
    OUT.mkdir(exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(found, indent=2, default=default) + "\n")


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
