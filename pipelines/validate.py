"""validate: pool the sources, check them, and let only good rows go on."""

from pathlib import Path

import pandas as pd

from pipelines import run, say
from ticket_triage import params, taxonomy, validation
from ticket_triage.files import read_table, write_json, write_table, write_text


def main(pool: str, out: str, report: str) -> None:
    """Write good tickets with their hindsight and gold, the quarantine, the taxonomy and Data Docs."""
    ingest, settings = params.load("ingest"), params.load("validate")
    folders = {name: Path(pool) / name for name in ingest.sources}
    raws = {
        name: validation.read_raw(folder / "raw.parquet", ingest.sources[name])
        for name, folder in folders.items()
    }
    tickets, hindsight, gold = (
        pd.concat([read_table(folder / f"{table}.parquet") for folder in folders.values()], ignore_index=True)
        for table in ("tickets", "hindsight", "gold")
    )
    categories = validation.resolve(settings.taxonomy, gold, ingest.pool)
    good = validation.validate(raws, tickets, gold, categories, settings, Path(report) / "docs")
    write_table(Path(out) / "tickets.parquet", good.tickets)
    known = hindsight["ticket_id"].isin(good.tickets["ticket_id"])
    write_table(Path(out) / "hindsight.parquet", hindsight[known])
    write_table(Path(out) / "gold.parquet", good.gold)
    write_table(Path(out) / "quarantine.parquet", good.quarantine)
    write_text(Path(out) / "taxonomy.yaml", taxonomy.to_yaml(categories))
    write_json(Path(report) / "summary.json", good.summary)
    left = len(good.quarantine)
    say(f"{len(good.tickets)} tickets and {len(good.gold)} gold labels go on, {left} rows in quarantine")


if __name__ == "__main__":
    run(main)
