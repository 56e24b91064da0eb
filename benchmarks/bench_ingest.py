"""Ingest against the plain reading of the same file with pyarrow: `python benchmarks/bench_ingest.py`.

Generated tweets in the shape and size of twcs.csv (2.8 million rows, half a gigabyte) and a tenth of them.
Each measurement is a process of its own, on the same two cores; both sizes and both sides take turns in every
round, so that a slow phase of the machine meets all of them, and told is the median of the rounds. Timed is the call
alone, so that neither side pays for imports; memory is the peak of the whole process.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

OUT = Path(__file__).parent / "out"
ROWS = (280_000, 2_800_000)
ROUNDS = 5
CORES = 2
BLOCK = 28_000  # rows written by hand; the others are these with other ids and other endings
TARGETS = {"times_plain": 3.0, "peak_gib": 4.0, "times_linear": 1.3}


def block(seed: int = 1) -> pl.DataFrame:
    """Conversations of one to eight tweets, a third with characters beyond ASCII, some with links or newlines."""
    draw = random.Random(seed)
    words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 9))) for _ in range(3000)]
    odd = ["😡", "…", "it’s", "café", "año", "🙏", "👍🏽", "“so”", "日本語"]

    def text(to: str) -> str:
        said = [f"@{to}", *draw.choices(words, k=draw.randint(9, 26))]
        if draw.random() < 0.33:
            said.insert(draw.randrange(1, len(said)), draw.choice(odd))
        if draw.random() < 0.2:
            said.append("https://t.co/" + "".join(draw.choices(words, k=2)))
        if draw.random() < 0.3:
            said[len(said) // 2] += ", &amp;"
        if draw.random() < 0.1:
            said[len(said) // 2] += "\n"
        return " ".join(said)

    rows: list[tuple[int, bool, str, datetime, str, int | None, int | None]] = []
    while len(rows) < BLOCK:
        moment = datetime(2017, 9, 1) + timedelta(seconds=draw.randrange(90 * 86_400))
        customer, brand = str(draw.randrange(100_000, 800_000)), f"Brand{draw.randrange(100)}"
        length = min(draw.choice([1, 2, 2, 2, 3, 4, 4, 6, 8]), BLOCK - len(rows))
        for turn in range(length):
            number, inbound = len(rows) + 1, turn % 2 == 0
            author, to = (customer, brand) if inbound else (brand, customer)
            answer = number + 1 if turn < length - 1 else None
            rows.append((number, inbound, author, moment, text(to), answer, number - 1 if turn else None))
            moment += timedelta(seconds=draw.randrange(5, 9000))
    names = [
        "tweet_id",
        "inbound",
        "author_id",
        "created_at",
        "text",
        "response_tweet_id",
        "in_response_to_tweet_id",
    ]
    return pl.DataFrame(rows, schema=names, orient="row")


def generate(path: Path, rows: int) -> None:
    """Write a file of so many rows: the same conversations with other ids, customers and endings."""
    first = block()
    with path.open("wb") as stream:
        for start in range(0, rows, BLOCK):
            customer = (pl.col("author_id").cast(pl.Int64, strict=False) + start).cast(pl.String)
            first.head(rows - start).select(
                pl.col("tweet_id") + start,
                pl.when("inbound").then(customer).otherwise("author_id").alias("author_id"),
                pl.when("inbound").then(pl.lit("True")).otherwise(pl.lit("False")).alias("inbound"),
                pl.col("created_at").dt.strftime("%a %b %d %H:%M:%S +0000 %Y"),
                pl.col("text") + f" q{start // BLOCK}z!",
                pl.col("response_tweet_id") + start,
                pl.col("in_response_to_tweet_id") + start,
            ).write_csv(stream, include_header=start == 0)


def call(what: str, path: Path) -> float:
    """Seconds of one call, in this process."""
    import pyarrow as pa
    import pyarrow.csv

    from ticket_triage import params, sources

    pa.set_cpu_count(CORES)
    start = time.perf_counter()
    if what == "plain":
        pyarrow.csv.read_csv(path, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True))
    else:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            sources.ingest("bench", params.Twcs(kind="twcs", path=str(path)), Path(folder) / "out")
            return time.perf_counter() - start
    return time.perf_counter() - start


def measure(what: str, path: Path) -> dict[str, float]:
    """Seconds and peak memory of one call in a fresh process."""
    child = subprocess.Popen([sys.executable, __file__, what, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    seconds = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"measuring {what} failed")
    unit = 1 if sys.platform == "darwin" else 1024
    return {"seconds": float(seconds), "peak_gib": used.ru_maxrss * unit / 2**30}


def main() -> None:
    """Generate, measure, print a table, save it as JSON."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    OUT.mkdir(exist_ok=True)
    table = []
    print(
        f"{'rows':>10} {'MB':>5} {'plain s':>8} {'ingest s':>9} {'ratio':>6} {'plain GiB':>10} {'ingest GiB':>11}"
    )
    with tempfile.TemporaryDirectory(dir=OUT) as folder:
        paths = {rows: Path(folder) / f"{rows}.csv" for rows in ROWS}
        runs = {rows: {what: [] for what in ("plain", "ingest")} for rows in ROWS}
        for rows, path in paths.items():
            generate(path, rows)
            measure("plain", path)  # the file comes into the cache, for both
        for _ in range(ROUNDS):
            for rows, path in paths.items():
                for what, done in runs[rows].items():
                    done.append(measure(what, path))
        sizes = {rows: path.stat().st_size for rows, path in paths.items()}
    for rows, by_side in runs.items():
        row = {"rows": rows, "bytes": sizes[rows], "runs": by_side}
        for what, done in by_side.items():
            row[f"{what}_s"] = statistics.median(run["seconds"] for run in done)
            row[f"{what}_gib"] = max(run["peak_gib"] for run in done)
        row["ratio"] = row["ingest_s"] / row["plain_s"]
        table.append(row)
        print(
            f"{rows:>10,} {row['bytes'] / 1e6:>5.0f} {row['plain_s']:>8.2f} {row['ingest_s']:>9.2f}"
            f" {row['ratio']:>6.2f} {row['plain_gib']:>10.2f} {row['ingest_gib']:>11.2f}"
        )
    small, large = table
    found = {
        "times_plain": large["ratio"],
        "peak_gib": large["ingest_gib"],
        "times_linear": large["ingest_s"] / small["ingest_s"] / (large["rows"] / small["rows"]),
    }
    plain = large["plain_s"] / small["plain_s"] / (large["rows"] / small["rows"])
    print(f"ten times the rows take the plain reading {10 * plain:.1f} times as long")
    for name, target in TARGETS.items():
        print(f"{name:>14} {found[name]:.2f}, at most {target}: {'yes' if found[name] <= target else 'NO'}")
    result = {"cores": CORES, "table": table, "found": found, "targets": TARGETS}
    (OUT / "bench_ingest.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(call(sys.argv[1], Path(sys.argv[2])))
    else:
        main()
