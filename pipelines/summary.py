"""What a run of the pipeline came to, on one screen."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ticket_triage import outcome, params
from ticket_triage.files import read_json, read_table

RECEIPTS = {
    "validate": "validation/summary.json",
    "split": "split/split.json",
    "forecast": "forecast/forecast.json",
    "promote": "promotion/promote.json",
    "package": "package/package.json",
    "monitor": "drift/drift.json",
}
PAGES = {
    "evaluation": "evaluation/report.html",
    "promotion": "promotion/report.html",
    "labels": "labels/labels.html",
    "is there enough gold?": "forecast/forecast.html",
    "gold to read again": "audit/audit.html",
    "data": "validation/docs/index.html",
    "drift": "drift/drift.html",
}


def show(data: Path, seconds: float, idle: bool) -> None:
    """Print rows, quality on gold, champion, Bento, drift verdict, reports and what to do next."""
    reports, ingest, out = data / "reports", params.load("ingest"), Console()
    receipts = {stage: read_json(reports / file) for stage, file in RECEIPTS.items()}
    weak = read_table(data / "labels/weak.parquet").drop(columns="ticket_id")
    sources = ", ".join(ingest.sources)
    out.print(f"\n[bold]Ticket Triage[/] on [bold]{ingest.pool}[/] ({sources}), {seconds:.0f} s")
    if idle:
        out.print("Nothing to do: every stage is up to date.")
    out.print(_table("", outcome.rows(receipts, int(weak.notna().any(axis=1).sum()))))
    out.print(_table("Reports", ((name, str(reports / file)) for name, file in PAGES.items())))
    out.print("\nNext: [bold]make serve[/] answers tickets, [bold]make mlflow[/] shows runs and versions,")
    out.print(
        "      [bold]ticket-triage predict in.csv out.csv[/] scores a file, [bold]make help[/] lists the rest."
    )


def _table(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    made = Table(title=title or None, title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    for row in rows:
        made.add_row(*row)
    return made
