"""The `ticket-triage` command: each command names its values and calls one function."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from ticket_triage.files import TriageError, read_json
from ticket_triage.serving import package


class Commands(TyperGroup):
    """Says a user's error in one line and exits 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except TriageError as error:
            typer.echo(f"ticket-triage: {error}", err=True)
            raise typer.Exit(1) from error
        except BrokenPipeError as error:
            # `... | head` has seen enough; Python would complain of it once more when it exits.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from error


# A traceback with local variables would show customers' texts.
app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def _about() -> None:
    """Category and priority of support tickets: score files, serve the champion, describe your own source."""


@app.command()
def predict(
    source: Annotated[
        str, typer.Argument(metavar="IN", help=".csv, .jsonl, .parquet, also .gz; - is standard input")
    ],
    target: Annotated[str, typer.Argument(metavar="OUT", help="the same; - is standard output")],
    model: Annotated[Path, typer.Option(help="Folder of a triage model.")] = Path("data/models/champion"),
    text: Annotated[str, typer.Option(help="Column that holds the text.")] = "text",
    id: Annotated[
        list[str] | None,
        typer.Option(
            help="Column to copy to the output, may be repeated. \\[default: ticket_id, id, tweet_id]"
        ),
    ] = None,
    reasons: Annotated[
        int, typer.Option(min=0, max=50, help="Reasons to give for each task of a ticket.")
    ] = 0,
    explain: Annotated[
        str,
        typer.Option(
            help="full: leave out each word in turn and tell what it does; slow, some 0.1 s a ticket."
        ),
    ] = "short",
    format: Annotated[str | None, typer.Option(help="csv or jsonl, for standard input and output.")] = None,
) -> None:
    """Score a file of tickets with the champion, in bounded memory and in the file's order.

    A row that has no text comes out for review, with the reason in its `error` column.

        ticket-triage predict tickets.csv predictions.csv

        ticket-triage predict tickets.parquet - --reasons 3 | head
    """
    from ticket_triage.models.triage_model import TriageModel
    from ticket_triage.serving import predictor, scoring

    if format not in (None, "csv", "jsonl"):
        raise TriageError(f"--format is csv or jsonl, not {format}")
    if explain not in ("short", "full"):
        raise TriageError(f"--explain is short or full, not {explain}")
    if not model.is_dir():
        raise TriageError(f"there is no model at {model}: run `make pipeline`, or name one with --model")
    ref = predictor.read_ref(model)
    _warn(ref.name)
    with _progress() as progress:
        tally = scoring.score(
            TriageModel.load(model),
            ref,
            source,
            target,
            text=text,
            ids=id or (),
            reasons=reasons,
            explain=cast(Any, explain),
            form=cast(Any, format),
            progress=progress,
        )
    where = "standard output" if target == "-" else target
    faults = f", {tally.faults:,} of them could not be answered" if tally.faults else ""
    typer.echo(f"{tally.tickets:,} tickets to {where}: {tally.review:,} for review{faults}", err=True)


def _warn(model: str) -> None:
    """Say it where the last contest was for another pool and left it without a champion."""
    receipt = Path("data/reports/promotion/promote.json")
    if receipt.is_file():
        last = read_json(receipt)
        if last["champion"] is None and last["model"] != model:
            typer.echo(
                f"warning: {last['model']} has no champion; {model}, of the pool before, still answers",
                err=True,
            )


@contextmanager
def _progress() -> Iterator[Callable[[int, float | None], None]]:
    """A bar on a terminal; nothing in a log."""
    if not sys.stderr.isatty():
        yield lambda tickets, share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading the model", total=None)

        def tell(tickets: int, share: float | None) -> None:
            total = None if share is None else 1.0
            bar.update(task, description=f"{tickets:,} tickets", total=total, completed=share)

        yield tell


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 3000,
    host: Annotated[
        str, typer.Option(help="0.0.0.0 lets other machines in; nobody is asked who they are.")
    ] = "127.0.0.1",
    bento: Annotated[
        str, typer.Option(help="Tag of a Bento, or the receipt of the package stage.")
    ] = "data/reports/package/package.json",
    home: Annotated[Path, typer.Option(help="Where Bentos are kept.")] = package.HOME,
) -> None:
    """Serve the Bento of the champion: POST /predict-ticket, and a page at / that describes it."""
    from ticket_triage.serving import launch

    tag = launch.find(bento, home)
    if bento.endswith(".json"):
        _warn(read_json(Path(bento))["model"])
    typer.echo(f"{tag} at http://{host}:{port} (Ctrl+C ends it)", err=True)
    launch.serve(tag, home, host, port)


@app.command()
def schema() -> None:
    """Print the JSON Schema of an answer, as it is kept in docs/prediction.schema.json."""
    import json

    from ticket_triage.serving import openapi

    typer.echo(json.dumps(openapi.prediction_schema(), indent=2, ensure_ascii=False))


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
def label_report(
    taxonomy: Annotated[
        Path | None, typer.Option(help="The experts' file. \\[default: the one that params.yaml names]")
    ] = None,
    data: Annotated[Path, typer.Option(help="Folder of what stages made.")] = Path("data"),
    out: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("data/reports/label-report"),
    most: Annotated[int, typer.Option(min=0, help="Tickets to show here; the report has more.")] = 20,
) -> None:
    """Say which tickets get another weak label by the rules as they are now, and how good each rule is.

    Compares with the last run of the label stage, and trains nothing: edit the taxonomy, then look.
    """
    from ticket_triage import params
    from ticket_triage import taxonomy as taxonomies
    from ticket_triage.labeling import analysis, flips, preview
    from ticket_triage.models import vectors

    settings = params.read()
    experts = taxonomy or Path(settings.validate_.taxonomy)
    if taxonomies.asks_for_labels(experts):
        experts = data / "validated" / "taxonomy.yaml"
    found, changed = preview.preview(data, experts, vectors.reader(settings.encode), settings.label)
    analysis.write(out, found, flips.tell(changed))
    for line in flips.lines(changed, most):
        typer.echo(line)
    for row in found["functions"]:
        if row["harmful"]:
            typer.echo(
                f"harmful: {row['function']}, right in {row['accuracy']:.0%}, {row['others']:.0%} without it"
            )
    typer.echo(f"the report: {out / 'labels.html'}", err=True)


@app.command()
def label_sources(
    family: Annotated[str, typer.Option(help="A family of `train.families`; it need not be a member.")] = (
        "logistic_regression"
    ),
    data: Annotated[Path, typer.Option(help="Folder of what stages made.")] = Path("data"),
    out: Annotated[Path, typer.Option(help="Where the table goes.")] = Path("data/reports/label_sources.csv"),
) -> None:
    """Say whether second labels and weak labels help a family beside gold alone, out of fold on gold of train.

    Trains nothing that is kept. What helps is set in params.yaml (`train.second_weight`, `train.weak_weight`). Whether
    an encoder can teach itself with unlabelled tickets, `encode.tune.unlabelled` tries out by itself.
    """
    from ticket_triage import params
    from ticket_triage.files import write_text
    from ticket_triage.models import label_sources as sources

    found = sources.of_run(data, family, params.read(), lambda name: typer.echo(name, err=True))
    for one in found:
        typer.echo(one.sentence)
    write_text(out, sources.table(found).to_csv(index=False, lineterminator="\n"))
    typer.echo(f"the table: {out}", err=True)


@app.command()
def rollback(
    why: Annotated[str, typer.Option(help="Kept with the version that is taken back.")] = "by hand",
) -> None:
    """Make the previously packaged version champion again; `make rollback` packages it too."""
    from ticket_triage import champion, params, taxonomy

    # From what the user wrote, not from what stages made: this must work when a stage has just failed.
    settings = params.read()
    pool, experts = settings.ingest.pool, Path(settings.validate_.taxonomy)
    labels = pool if taxonomy.asks_for_labels(experts) else taxonomy.read(experts).name
    ref = champion.rollback(pool, labels, why)
    typer.echo(f"champion of {ref.name} is version {ref.version} again; next: make package", err=True)


@app.command()
def annotate(
    audit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Read the tickets of a label audit: data/reports/audit/review.csv"),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Read labelled tickets without sight of their labels.")
    ] = False,
    adjudicate: Annotated[
        bool, typer.Option("--adjudicate", help="Decide where readings differ, in sight of them all.")
    ] = False,
    kappa: Annotated[
        bool, typer.Option("--kappa", help="Print how far annotators agree, beyond chance; nothing is asked.")
    ] = False,
    annotator: Annotated[
        str | None, typer.Option(help="Kept with every answer. \\[default: your name on this machine]")
    ] = None,
    tickets: Annotated[
        int | None, typer.Option(min=1, help="How many to ask for. \\[default: annotate.tickets]")
    ] = None,
    random_share: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Of them, drawn blindly. \\[default: annotate.random_share]"),
    ] = None,
    file: Annotated[Path, typer.Option(help="Where answers are kept.")] = Path("data/gold/annotations.csv"),
    guidelines: Annotated[Path, typer.Option(help="What the labels mean.")] = Path("data/gold/GUIDELINES.md"),
    data: Annotated[Path, typer.Option(help="What the pipeline made.")] = Path("data"),
) -> None:
    """Read tickets and say what they are: a key for each answer, which is kept at once; q leaves, u takes back.

    Without an option, unlabelled tickets: those that the model is most unsure of, and some drawn at random. What is
    kept are keys and labels, no text; the next `make pipeline` takes them as gold, before any file of gold labels.

        ticket-triage annotate

        ticket-triage annotate --audit data/reports/audit/review.csv

        ticket-triage annotate --again --annotator sam
    """
    import getpass

    from rich.console import Console

    from ticket_triage import params
    from ticket_triage.annotation import desk

    if sum([audit is not None, again, adjudicate, kappa]) > 1:
        raise TriageError("choose one of --audit, --again, --adjudicate and --kappa")
    if kappa:
        return desk.kappa(data, file, params.load("evaluate"), Console())
    changed = {"tickets": tickets, "random_share": random_share}
    settings = params.load("annotate").model_copy(
        update={name: value for name, value in changed.items() if value is not None}
    )
    mode: desk.Mode = "audit" if audit else "again" if again else "adjudicate" if adjudicate else "fresh"
    return desk.annotate(
        data,
        file,
        guidelines,
        mode=mode,
        listed=audit,
        annotator=annotator or getpass.getuser(),
        settings=settings,
        console=Console(),
    )
