"""Commands that tell how a rollout goes, how it went, and what served when."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ticket_triage.cli.rollouts import State, bring, folder, model_name, rollout
from ticket_triage.files import TriageError
from ticket_triage.serving.rollout import control, plan


@rollout.command()
def status(state: State = None) -> None:
    """What is being tried, on how many tickets, and what the guard sees."""
    from ticket_triage.serving.rollout import counts, guard
    from ticket_triage.serving.settings import read

    place = folder(state)
    found, workers = plan.read(place), control.workers(place)
    for sheet in workers:
        tried = f", challenger {sheet.challenger.version}" if sheet.challenger else ""
        typer.echo(f"worker {sheet.pid}: champion {sheet.champion.version} of {sheet.champion.name}{tried}")
    if not workers:
        typer.echo(f"no service runs on {place}")
    if found.mode == "off" or found.challenger is None:
        typer.echo("rollout off")
        return
    after = f", next {found.next.share:.0%}" if found.next else ""
    typer.echo(f"rollout {found.rollout}: {found.mode}, {found.share:.0%} of the tickets{after}")
    for sheet in workers[:1]:
        seen = counts.total(counts.read(place / counts.FOLDER), sheet)
        typer.echo(f"answered by the challenger in this step: {seen.challenger.answered:,}")
        for row in guard.look(seen, guard.limits(read()), found.step, unseen=found.mode == "shadow"):
            values = ["-" if value is None else f"{value:.4g}" for value in (row.champion, row.challenger)]
            verdict = "too much" if row.breach else "doubtful" if row.doubtful else "ok"
            typer.echo(
                f"{row.metric:<13} champion {values[0]:>8}  challenger {values[1]:>8}  "
                f"surely worse by {max(row.worse, 0):.3g}, {row.allowed:g} is allowed  {verdict}"
            )


@rollout.command()
def history(
    local: Annotated[
        bool, typer.Option("--local", help="Of this machine alone; the registry is not asked.")
    ] = False,
    state: State = None,
) -> None:
    """What served when, by whom it was changed and why; this machine's is added to the registry's."""
    place = folder(state)
    entries: list[dict[str, Any]] = [entry.model_dump(mode="json") for entry in plan.history(place)]
    if not local:
        entries = bring(model_name(), place)
    for entry in entries:
        typer.echo(_line(entry))


def _line(entry: dict[str, Any]) -> str:
    tried = f", {entry['challenger']['version']} on {entry['share']:.0%}" if entry["mode"] != "off" else ""
    champion = entry["champion"]["version"] if entry["champion"] else "the Bento's"
    return (
        f"{entry['at'][:19]}Z  {entry['action']:<11} {entry['mode']:<6} champion {champion}{tried}"
        f"  ({entry['by']}: {entry['why']})"
    )


@rollout.command()
def report(
    id: Annotated[str | None, typer.Option(help="Of the rollout. \\[default: the last one]")] = None,
    page: Annotated[Path, typer.Option(help="Where the page goes.")] = Path("data/reports/rollout.html"),
    state: State = None,
) -> None:
    """How the challenger did beside the champion: effects with intervals, from the decision log.

    It reads DATABASE_URL, or the state folder's own database.
    """
    from ticket_triage.evaluation import abtest
    from ticket_triage.feedback import decisions, trial
    from ticket_triage.feedback.database import opened
    from ticket_triage.files import write_text
    from ticket_triage.serving import settings

    place = folder(state)
    entries, start, end = plan.span(plan.history(place), id)
    champion, challenger = entries[0].champion, entries[0].challenger
    if champion is None or challenger is None:
        raise TriageError(
            "no service ran when the rollout was started, so that its history names no champion"
        )
    with opened(decisions.address(place, settings.read().database_url), False) as database:
        found = trial.read(database, champion, challenger, start, end)
    if found.given.empty:
        raise TriageError("the decision log holds no answer of these versions in that time")
    for line in abtest.lines(abtest.compare(found.given, found.pairs)):
        typer.echo(line)
    title = f"Version {challenger.version} beside {champion.version} of {champion.name}"
    told = [_line(entry.model_dump(mode="json")) for entry in entries]
    write_text(page, abtest.page(title, found.given, found.pairs, told))
    typer.echo(f"the page: {page}", err=True)
