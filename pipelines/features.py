"""features: what the models see of every ticket."""

import sys
import time
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.progress import track

from pipelines import run, say
from ticket_triage import features, params
from ticket_triage.files import read_table, write_table

CHUNK = 2_000  # tickets between two steps of the bar


def main(train: str, unlabelled: str, out: str) -> None:
    """Write `out`/{train,unlabelled}.parquet: ticket_id and features."""
    calendar = params.load("features").calendar
    console, silent = Console(stderr=True), not sys.stderr.isatty()
    started, rows = time.monotonic(), 0
    for name, source in {"train": train, "unlabelled": unlabelled}.items():
        tickets = read_table(Path(source))
        starts = range(0, max(len(tickets), 1), CHUNK)
        bar = track(starts, f"  features of {name}", console=console, disable=silent, transient=True)
        chunks = (tickets.iloc[start : start + CHUNK] for start in bar)
        table = pd.concat([features.build(chunk, calendar=calendar) for chunk in chunks])
        table.insert(0, "ticket_id", tickets["ticket_id"])
        write_table(Path(out) / f"{name}.parquet", table)
        rows += len(table)
    say(f"{rows:,} tickets, {table.shape[1] - 1} features each", time.monotonic() - started)


if __name__ == "__main__":
    run(main)
