"""What a run of the pipeline came to, on one screen."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from ticket_triage import params
from ticket_triage.files import read_json, read_table
from ticket_triage.schema import TASKS


def show(data: Path, seconds: float, idle: bool) -> None:
    """Print rows, quality on gold, champion, Bento, drift verdict, reports and what to do next."""
    reports = data / "reports"
    validation = read_json(reports / "validation/summary.json")
    promotion = read_json(reports / "promotion/promote.json")
    bento = read_json(reports / "package/package.json")["bento"]
    drift = read_json(reports / "drift/drift.json")
    weak = read_table(data / "labels/weak.parquet")
    ingest = params.load("ingest")
    left = sum(validation[table]["quarantined"] for table in ("tickets", "gold"))
    labelled = int(weak.drop(columns="ticket_id").notna().any(axis=1).sum())

    out = Console()
    out.print()
    out.print(
        f"[bold]Ticket Triage[/] on [bold]{ingest.pool}[/] ({', '.join(ingest.sources)}), {seconds:.0f} s"
    )
    if idle:
        out.print("Nothing to do: every stage is up to date.")
    rows = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    rows.add_row(
        "Rows in", f"{sum(validation['raw'].values()):,} raw, {validation['tickets']['rows']:,} tickets"
    )
    rows.add_row("Quarantined", f"{left:,}")
    gold = read_json(reports / "split/split.json")["gold"]
    rows.add_row("Labelled", f"{gold:,} gold, {labelled:,} with a weak label")
    told = promotion["told"]
    enough = read_json(reports / "forecast/forecast.json")
    rows.add_row("Gold is", ", ".join(f"{enough[task]['verdict']} for {task}" for task in TASKS))
    for task in TASKS:
        found = promotion["test"].get(task)
        score = "macro-F1 on the gold test {:.3f} ({:.3f} to {:.3f})".format(*found) if found else ""
        rows.add_row(task.capitalize(), score or "not trained: no gold for it")
        if found and (line := _routing(told, task)):
            rows.add_row("", line)
    if urgent := promotion["urgent"]:
        rows.add_row("Urgent", urgent)
    rows.add_row("Champion", f"version {promotion['champion']} of {promotion['model']}")
    rows.add_row("Why", " ".join(promotion["reasons"]))
    rows.add_row("Bento", bento)
    rows.add_row(
        "Drift", f"{drift['verdict']}: {drift['drifted']} of {drift['columns']} columns; {drift['window']}"
    )
    rows.add_row("Gold test opened", f"{promotion['test_openings']} times so far")
    out.print(rows)
    pages = Table(title="Reports", title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    pages.add_row("evaluation", str(reports / "evaluation/report.html"))
    pages.add_row("promotion", str(reports / "promotion/report.html"))
    pages.add_row("labels", str(reports / "labels/labels.html"))
    pages.add_row("is there enough gold?", str(reports / "forecast/forecast.html"))
    pages.add_row("gold to read again", str(reports / "audit/audit.html"))
    pages.add_row("data", str(reports / "validation/docs/index.html"))
    pages.add_row("drift", str(reports / "drift/drift.html"))
    out.print(pages)
    out.print("\nNext: [bold]make serve[/] answers tickets, [bold]make mlflow[/] shows runs and versions,")
    out.print(
        "      [bold]ticket-triage predict in.csv out.csv[/] scores a file, [bold]make help[/] lists the rest."
    )


def _routing(told: dict, task: str) -> str:
    """How much a task is sure of and how right that is, in a sentence."""
    figures = {
        name: told[name].get(task) for name in ("sure_share", "sure_precision", "sure_precision_strict")
    }
    if not all(figures.values()):
        return ""
    share, either, strict = figures.values()
    return (
        f"sure of {share[0]:.0%}; right in {either[0]:.1%} of those ({either[1]:.1%} to {either[2]:.1%}), "
        f"by the first label alone {strict[0]:.1%}; calibration error {told['ece'][task][0]:.3f}"
    )
