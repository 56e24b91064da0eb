"""Commands that answer tickets: files of them, and as a service."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from ticket_triage.cli.app import app
from ticket_triage.files import TriageError, read_json
from ticket_triage.serving import package


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
        str, typer.Option(help="0.0.0.0 lets other machines in: those that have an API key.")
    ] = "127.0.0.1",
    bento: Annotated[
        str, typer.Option(help="Tag of a Bento, or the receipt of the package stage.")
    ] = "data/reports/package/package.json",
    home: Annotated[Path, typer.Option(help="Where Bentos are kept.")] = package.HOME,
    open: Annotated[
        bool, typer.Option("--open", help="Ask nobody on this machine for a key; of others, nobody gets in.")
    ] = False,
) -> None:
    """Serve the Bento of the champion: POST /predict-ticket, and a page at / that describes it.

    Who asks needs a key of `ticket-triage keys add`, unless it is --open.
    """
    from ticket_triage.serving import launch

    tag = launch.find(bento, home)
    if bento.endswith(".json"):
        _warn(read_json(Path(bento))["model"])
        if old := package.behind(home / "bentos" / tag.replace(":", "/"), Path("data/models/champion")):
            changed = " and ".join(old)
            typer.echo(f"warning: {tag} is older than {changed}: `make package` makes a new one", err=True)
    launch.serve(tag, home, host, port, open)


@app.command()
def schema() -> None:
    """Print the JSON Schema of an answer, as it is kept in docs/prediction.schema.json."""
    import json

    from ticket_triage.serving import openapi

    typer.echo(json.dumps(openapi.prediction_schema(), indent=2, ensure_ascii=False))
