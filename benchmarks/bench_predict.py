"""How long one prediction takes in process on one core, reasons included, beside a plain scikit-learn pipeline.

The champion of the last `make pipeline` answers generated tickets one at a time, with its encoder and without; none of
them was read before. The baseline is TF-IDF and logistic regression on the labels that the champion gave. Each ticket
is answered by all in turn.
"""

import json
import os
import statistics
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import pandas as pd
from bench_score import CHAMPION, OUT, has_encoder, tickets, without_encoder
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ticket_triage.models.triage_model import TriageModel

ANSWERED, WARM, REASONS = 300, 20, 3
LIMITS = {"without the encoder": 3.0, "with the encoder": 12.0}  # milliseconds, at the median


def main() -> None:
    """Print the table and keep it as benchmarks/out/predict.json."""
    if not CHAMPION.is_dir():
        sys.exit(f"there is no {CHAMPION}: run `make pipeline` first")
    model = TriageModel.load(CHAMPION)
    texts = tickets(4_000 + ANSWERED + WARM)["text"].tolist()
    lean = without_encoder(model)
    labels = lean.predict(pd.DataFrame({"text": texts[:4_000]}))["category"]
    plain = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(max_iter=50)
    )
    plain.fit(texts[:4_000], labels)
    calls = {
        "plain scikit-learn": lambda text: plain.predict_proba([text]),
        "without the encoder": lambda text: lean.predict(pd.DataFrame({"text": [text]}), reasons=REASONS),
        "without, no reasons": lambda text: lean.predict(pd.DataFrame({"text": [text]})),
    }
    if has_encoder(model):
        calls["with the encoder"] = lambda text: model.predict(
            pd.DataFrame({"text": [text]}), reasons=REASONS
        )
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for number, text in enumerate(texts[4_000:]):
        for name, call in calls.items():
            started = time.perf_counter()
            call(text)
            if number >= WARM:
                taken[name].append(1000 * (time.perf_counter() - started))
    found = {}
    base = statistics.median(taken["plain scikit-learn"])
    print(f"{'':>22}  median ms  p95 ms  times plain")
    for name, values in taken.items():
        median, high = statistics.median(values), statistics.quantiles(values, n=20)[-1]
        limit = LIMITS.get(name)
        verdict = "" if limit is None else f"  at most {limit:g}: {'yes' if median <= limit else 'NO'}"
        print(f"{name:>22}  {median:9.2f}  {high:6.2f}  {median / base:11.1f}{verdict}")
        found[name] = {"median_ms": median, "p95_ms": high}
    OUT.mkdir(exist_ok=True)
    (OUT / "predict.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
