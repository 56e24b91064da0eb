"""How many tickets a second `ticket-triage predict` scores on one core, beside a plain scikit-learn pipeline.

The champion of the last `make pipeline` scores generated tickets from a CSV file to a CSV file, without its encoder if
it has one; what the encoder costs is told apart, on fewer tickets that it has not read before. The baseline is TF-IDF
and logistic regression, fitted on the labels that the champion gave, predicting the same texts from memory.
What is told is the median of several runs; reading the model is told apart.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import pandas as pd
from given import champion, has_encoder, keep, plain, tickets, without_encoder

from ticket_triage.models.triage_model import TriageModel
from ticket_triage.serving import predictor, scoring

TICKETS, READ, RUNS = 20_000, 400, 3


def main() -> None:
    """Print the table and keep it as benchmarks/out/score.json."""
    folder = champion()
    texts = tickets(TICKETS)
    started = time.perf_counter()
    model, ref = TriageModel.load(folder), predictor.read_ref(folder)
    load = time.perf_counter() - started
    whole_model, model = model, without_encoder(model)
    few = texts.head(READ)
    whole_model.predict(texts.tail(1))  # what runs the encoder is made
    started = time.perf_counter()
    whole_model.predict(few)
    with_encoder = READ / (time.perf_counter() - started)
    with tempfile.TemporaryDirectory() as room:
        given, written = Path(room) / "in.csv", Path(room) / "out.csv"
        texts.to_csv(given, index=False)

        def whole() -> None:
            scoring.score(model, ref, str(given), str(written), text="text", ids=("tweet_id",))

        whole()
        labels = pd.read_csv(written)["category"]
        baseline = plain(texts["text"].head(4000), labels.head(4000))
        seconds = {"scored": [], "plain": []}
        for _ in range(RUNS):
            for name, call in (("scored", whole), ("plain", lambda: baseline.predict_proba(texts["text"]))):
                started = time.perf_counter()
                call()
                seconds[name].append(time.perf_counter() - started)
    rates = {name: len(texts) / statistics.median(values) for name, values in seconds.items()}
    found = {
        "tickets": len(texts),
        "load_s": round(load, 2),
        "tickets_a_second": round(rates["scored"]),
        "with_the_encoder": round(with_encoder) if has_encoder(whole_model) else "it has none",
        "plain_tickets_a_second": round(rates["plain"]),
        "times_plain": round(rates["plain"] / rates["scored"], 2),
        "at_least_3000": "yes" if rates["scored"] >= 3000 else "NO",
    }
    for name, value in found.items():
        print(f"{name:>24}  {value}")
    keep("score", found | {"seconds": seconds})


if __name__ == "__main__":
    main()
