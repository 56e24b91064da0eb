"""How long one prediction takes in process on one core, reasons included, beside a plain scikit-learn pipeline.

The champion of the last `make pipeline` answers generated tickets one at a time, with its encoder and without; none of
them was read before. The baseline is TF-IDF and logistic regression on the labels that the champion gave. Each ticket
is answered by all in turn, so that a busy moment of the machine is one for all. Then the parts of an answer are timed.
`cpu ms` is the processor's time, which other work on the machine changes little; by it a verdict is given where
the machine is so busy that the clock tells of others.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import pandas as pd
from given import champion, has_encoder, keep, plain, tickets, without_encoder

from ticket_triage import features
from ticket_triage.files import text_key
from ticket_triage.models import nearest
from ticket_triage.models.reasons import evidence
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.schema import ModelRef, Ticket
from ticket_triage.serving.predictor import REASONS, Predictor

LEARNT, ANSWERED, EXPLAINED, WARM = 3_000, 300, 40, 20
LIMITS = {"without the encoder": 3.0, "with the encoder": 12.0}  # milliseconds, at the median
PLAIN = "plain scikit-learn"
Times = tuple[float, float]  # by the clock, and of the processor
Taken = dict[str, list[Times]]


def now() -> Times:
    """Seconds."""
    return time.perf_counter(), time.process_time()


def since(started: Times) -> Times:
    """Milliseconds."""
    clock, processor = now()
    return 1000 * (clock - started[0]), 1000 * (processor - started[1])


def main() -> None:
    """Print the tables and keep them as benchmarks/out/predict.json."""
    model = TriageModel.load(champion(*sys.argv[1:2]))
    texts = tickets(LEARNT + 3 * ANSWERED + EXPLAINED + WARM)["text"].tolist()
    learnt, rest = texts[:LEARNT], texts[LEARNT:]
    lean = without_encoder(model)
    known = lean.predict(pd.DataFrame({"text": learnt}))
    lean = replace(lean, nearest=by_words(lean, learnt, known))
    baseline = plain(learnt, known["category"])
    ref = ModelRef(name="benchmark", version="1")
    whole = {"without the encoder": lean, **({"with the encoder": model} if has_encoder(model) else {})}
    calls: dict[str, Callable[[str], Any]] = {PLAIN: lambda text: baseline.predict_proba([text])}
    for name, one in whole.items():
        predictor = Predictor(one, ref)
        calls[name] = lambda text, predictor=predictor: predictor.predict(Ticket(text=text))
    found = {"whole": table(timed(calls, rest[: ANSWERED + WARM]), LIMITS)}
    fresh = rest[ANSWERED + WARM :]
    name, one = list(whole.items())[-1]
    print(f"\nparts of an answer {name}")
    parts: Taken = {}
    for number, text in enumerate(fresh[:ANSWERED]):
        for part, taken in dissected(one, text).items():
            if number >= WARM:
                parts.setdefault(part, []).append(taken)
    found["parts"] = table(parts, {})
    print("\nwith explain=full")
    predictors = {name: Predictor(one, ref) for name, one in whole.items()}
    full = {
        name: lambda text, predictor=predictor: predictor.predict(Ticket(text=text), "full")
        for name, predictor in predictors.items()
    }
    found["explain_full"] = table(timed(full, fresh[ANSWERED : ANSWERED + EXPLAINED], 2), {})
    keep("predict", found)


def by_words(model: TriageModel, texts: list[str], answers: pd.DataFrame) -> nearest.Nearest | None:
    """Nearest tickets by words, as a model has them that never had an encoder; its own are found by the encoder."""
    gold = pd.DataFrame(
        {
            "text": texts,
            "text_key": [text_key(text) for text in texts],
            "gold_category": answers["category"],
            "gold_priority": answers["priority"],
        }
    )
    specs = [spec for head in model.heads.values() for voter in head.voters for spec in voter.specs]
    return nearest.make(gold, specs, model.steps, 2, 160)


def timed(calls: dict[str, Callable[[str], Any]], texts: list[str], warm: int = WARM) -> Taken:
    """Milliseconds of each call for each text but the first few."""
    taken: Taken = {name: [] for name in calls}
    for number, text in enumerate(texts):
        for name, call in calls.items():
            started = now()
            call(text)
            if number >= warm:
                taken[name].append(since(started))
    return taken


def dissected(model: TriageModel, text: str) -> dict[str, Times]:
    """Milliseconds of each part of an answer to a text that was not read before."""
    single, taken = model.single, {}

    def lap(name: str, call: Callable[[], Any]) -> Any:
        started = now()
        found = call()
        taken[name] = since(started)
        return found

    done: dict[Any, Any] = {}
    seen = lap("features", lambda: features.one({"text": text}))
    for spec in single.specs:
        lap(
            f"block {spec.name} {spec.steps[-1][:4]}",
            lambda spec=spec: single.lookups.block(spec, seen, done),
        )
    for task, head in model.heads.items():
        for voter in head.voters:
            row = single.lookups.row(voter.specs, seen, done)
            scorer = single.scorer(voter)
            lap(
                f"member {voter.family} of {task}",
                lambda row=row, scorer=scorer: scorer.hear(row).probabilities,
            )
    held = lap(
        "members again, and the vote", lambda: {task: single.vote(task, seen, done) for task in model.heads}
    )
    for task, (probabilities, voices, _) in held.items():
        best = probabilities.index(max(probabilities))
        lap(f"reasons of {task}", lambda voices=voices, best=best: evidence(voices, best, REASONS))
    lap("nearest gold tickets", lambda: single.neighbours(seen, done))
    return taken


def table(taken: Taken, limits: dict[str, float]) -> dict[str, dict[str, Any]]:
    """Print and return median and percentiles, beside the plain pipeline where that is among them."""
    medians = {name: statistics.median(clock for clock, _ in values) for name, values in taken.items()}
    base = medians.get(PLAIN)
    print(f"{'':>32}  median ms     p95     p99  cpu ms{'' if base is None else '  times plain'}")
    found: dict[str, dict[str, Any]] = {}
    for name, values in taken.items():
        cuts = statistics.quantiles((clock for clock, _ in values), n=100)
        median, processor = medians[name], statistics.median(processor for _, processor in values)
        found[name] = {"median_ms": median, "p95_ms": cuts[94], "p99_ms": cuts[98], "cpu_ms": processor}
        line = f"{name:>32}  {median:9.3f}  {cuts[94]:6.2f}  {cuts[98]:6.2f}  {processor:6.3f}"
        if base is not None:
            line += f"  {median / base:11.1f}"
        if name in limits:
            busy = median > 1.2 * processor
            within = (processor if busy else median) <= limits[name]
            found[name] |= {"limit_ms": limits[name], "within": within, "busy": busy}
            line += f"  at most {limits[name]:g}: {'yes' if within else 'NO'}"
            line += " (by cpu ms: the machine is busy)" if busy else ""
        print(line)
    return found


if __name__ == "__main__":
    main()
