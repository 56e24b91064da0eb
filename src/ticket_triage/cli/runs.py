"""Commands about the pipeline: what it reads, what other thresholds would cost, which model is champion."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ticket_triage.cli.app import app
from ticket_triage.files import TriageError


@app.command(name="source")
def choose_source(
    kind: Annotated[str, typer.Argument(help="sample, kaggle, twcs or csv")],
    path: Annotated[Path | None, typer.Argument(help="the file, for twcs and csv")] = None,
    name: Annotated[
        str | None, typer.Option(help="What to call it. \\[default: made of the file's name]")
    ] = None,
    text: Annotated[str, typer.Option(help="csv: the column of the text")] = "text",
    id: Annotated[str | None, typer.Option(help="csv: column")] = None,
    subject: Annotated[str | None, typer.Option(help="csv: column")] = None,
    created_at: Annotated[str | None, typer.Option(help="csv: column")] = None,
    received_at: Annotated[str | None, typer.Option(help="csv: column")] = None,
    channel: Annotated[str | None, typer.Option(help="csv: column")] = None,
    customer: Annotated[str | None, typer.Option(help="csv: column")] = None,
    tier: Annotated[str | None, typer.Option(help="csv: column")] = None,
    category: Annotated[str | None, typer.Option(help="csv: column; its labels are gold")] = None,
    priority: Annotated[str | None, typer.Option(help="csv: column; low, medium or high; gold")] = None,
    gold: Annotated[
        str | None, typer.Option(help="csv without labels: file of keys and labels in data/gold")
    ] = None,
    taxonomy: Annotated[
        str | None, typer.Option(help="The experts' file. \\[default: own labels where there are any]")
    ] = None,
    add: Annotated[bool, typer.Option("--add", help="Pool it with the sources there are.")] = False,
    pool: Annotated[
        str | None, typer.Option(help="What to call the pool. \\[default: its sources' names]")
    ] = None,
) -> None:
    """Choose where tickets come from: rewrites `ingest` in params.yaml; `make pipeline` does the rest.

    ticket-triage source twcs ../twcs.csv

    ticket-triage source csv tickets.csv --text body --category topic

    ticket-triage source csv more.csv --gold data/gold/gold.csv --add
    """
    from ticket_triage import params
    from ticket_triage.sources import choice, table

    named: Any = kind
    if kind in {"twcs", "csv"}:
        if path is None or path == Path():  # `make pipeline SOURCE=csv` names an empty one
            variable = "CSV" if kind == "csv" else "TWCS"
            raise TriageError(
                f"say which file: `make pipeline SOURCE={kind} {variable}=path`, or `ticket-triage source {kind} path`"
            )
        if not path.is_file():
            raise TriageError(f"there is no file {path}")
        named = {"kind": kind, "path": str(path)}
        if kind == "csv":
            columns = {
                "text": text,
                "id": id,
                "subject": subject,
                "created_at": created_at,
                "received_at": received_at,
                "channel": channel,
                "customer": customer,
                "tier": tier,
                "category": category,
                "priority": priority,
            }
            named |= {"columns": {key: value for key, value in columns.items() if value}}
            # Before params.yaml is rewritten, or the next `make pipeline` would fail too.
            table.check_columns(path, params.Columns(**named["columns"]), table.read(path).table.column_names)
            named |= {"gold": gold} if gold else {}
    elif kind not in {"sample", "kaggle"}:
        raise TriageError(f"there is no source {kind}; there are sample, kaggle, twcs and csv")
    called = name or (choice.slug(path) if kind == "csv" and path else kind)
    experts = taxonomy or (choice.OWN_LABELS if category and not add else choice.EXPERTS)
    pooled = choice.choose(called, named, taxonomy=experts, pool=pool, add=add)
    typer.echo(
        f"params.yaml: the pool {pooled} with the categories of {experts}; next: make pipeline", err=True
    )


@app.command()
def simulate(
    reviewers_can: Annotated[
        float | None, typer.Option(min=0, help="Tickets that people can read in an hour.")
    ] = None,
    incoming: Annotated[float | None, typer.Option(min=0.001, help="Tickets that come in an hour.")] = None,
    cost: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=MINUTES",
            help="missed_urgent, wrong_category, wrong_priority or review; may be repeated.",
        ),
    ] = None,
    model: Annotated[Path, typer.Option(help="Folder of a triage model.")] = Path("data/models/triage"),
    gold: Annotated[Path, typer.Option(help="The validation part.")] = Path("data/split/validation.parquet"),
    page: Annotated[Path, typer.Option(help="Where the page goes.")] = Path("data/reports/simulation.html"),
) -> None:
    """What other thresholds would route, send to people and get wrong, what it costs and saves; on validation gold.

    What is not given is as params.yaml has it under `assemble`. There `decide_by` makes the next `make pipeline` serve
    what is seen here.

        ticket-triage simulate --reviewers-can 40 --incoming 100 --cost missed_urgent=90 --cost review=2
    """
    from ticket_triage import params, simulated
    from ticket_triage.evaluation import simulation
    from ticket_triage.files import read_table
    from ticket_triage.models.triage_model import TriageModel

    if not (model.is_dir() and gold.is_file()):
        raise TriageError(f"there is no {gold if model.is_dir() else model}: run `make pipeline` first")
    settings = params.read()
    asked = simulated.asked(settings.assemble, reviewers_can, incoming, cost or ())
    found = simulation.simulate(TriageModel.load(model), read_table(gold), asked, settings.evaluate)
    simulation.write(page, found)
    simulated.show(found)
    typer.echo(f"the same with pictures: {page}", err=True)


@app.command()
def rollback(
    why: Annotated[str, typer.Option(help="Kept with the version that is taken back.")] = "by hand",
) -> None:
    """Take back what was done last: a rollout that runs, else the champion, in whose place the previous one comes.

    A service on this machine follows within a second. `make rollback` also packages the champion, and has it answer.
    """
    from ticket_triage import champion
    from ticket_triage.cli import rollouts

    if rollouts.back(why):
        return
    ref = champion.rollback(*pool_and_labels(), why)
    rollouts.bring(ref.name, rollouts.folder(None))
    typer.echo(f"champion of {ref.name} is version {ref.version} again; next: make package")


def pool_and_labels() -> tuple[str, str]:
    """Of which the registered model's name is made.

    From what the user wrote, not from what stages made: this must work when a stage has just failed.
    """
    from ticket_triage import params, taxonomy

    settings = params.read()
    pool, experts = settings.ingest.pool, Path(settings.validate_.taxonomy)
    return pool, pool if taxonomy.asks_for_labels(experts) else taxonomy.read(experts).name
