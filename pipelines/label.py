"""Vote on every ticket that may be learnt from, and measure the votes on gold of train and validation."""

from pathlib import Path

from pipelines import run, say
from ticket_triage import files, params, taxonomy
from ticket_triage.labeling import analysis, weak
from ticket_triage.models import vectors


def main(
    train: str, validation: str, unlabelled: str, hindsight: str, labels: str, out: str, report: str
) -> None:
    """Read three parts, hindsight and the taxonomy; write votes.parquet and weak.parquet, and the report."""
    settings = params.load("label")
    tickets = weak.gather(
        *(files.read_table(Path(one)) for one in (train, validation, unlabelled, hindsight))
    )
    made = weak.label(tickets, taxonomy.read(Path(labels)), vectors.reader(params.load("encode")), settings)
    for name, table in (("votes", made.votes), ("weak", made.weak)):
        files.write_table(Path(out) / f"{name}.parquet", tickets[["ticket_id"]].join(table))
    found = analysis.report(made, tickets, settings.label_model)
    analysis.write(Path(report), found)
    for line in analysis.sentences(found):
        say(line)


if __name__ == "__main__":
    run(main)
