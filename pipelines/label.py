"""Vote on every ticket that may be learnt from, and measure the votes on gold of train and validation."""

from pathlib import Path

import pandas as pd

from pipelines import run
from ticket_triage import files, params, taxonomy
from ticket_triage.labeling import analysis, functions, label_model


def main(train: str, validation: str, unlabelled: str, labels: str, out: str, report: str) -> None:
    """Read three parts and the taxonomy; write votes.parquet and weak.parquet, and the report."""
    parts = [files.read_table(Path(path)) for path in (train, validation, unlabelled)]
    tickets = pd.concat(parts, ignore_index=True)
    known = taxonomy.read(Path(labels))
    votes = functions.votes(known, tickets["text"])
    weak = label_model.label(votes, known, params.load("label").min_votes)
    for name, table in (("votes", votes), ("weak", weak)):
        files.write_table(Path(out) / f"{name}.parquet", tickets[["ticket_id"]].join(table))
    agreed = analysis.agreement(weak, tickets)
    analysis.write(
        Path(report), analysis.analyse(votes, tickets), agreed, analysis.counts(votes, weak, tickets)
    )


if __name__ == "__main__":
    run(main)
