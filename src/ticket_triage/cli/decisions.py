"""`ticket-triage decisions`: what the service has decided, how long that is kept, and for whom no more."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ticket_triage.cli.app import app
from ticket_triage.feedback import decisions as log
from ticket_triage.feedback import pseudonym, spool
from ticket_triage.files import TriageError
from ticket_triage.serving import settings

if TYPE_CHECKING:
    from ticket_triage.feedback.database import Database

decisions = typer.Typer(
    no_args_is_help=True,
    help="The decision log, as DATABASE_URL or TICKET_TRIAGE_STATE name it: look at it, and delete from it.",
)
app.add_typer(decisions, name="decisions")

By = Annotated[str | None, typer.Option(help="Who does it, for the audit. \\[default: the user's name]")]


@decisions.command()
def state() -> None:
    """Count what is kept, and what still waits on this machine."""
    given = settings.read()
    with _database() as database:
        for name, count in database.counts().items():
            typer.echo(f"{name}: {count:,}")
    typer.echo(f"waiting on this machine: {spool.size(given.state / 'spool'):,} bytes")


@decisions.command()
def read(prediction_id: Annotated[str, typer.Argument(metavar="ID", help="of the prediction")]) -> None:
    """Print a decision and its corrections, a line of JSON each."""
    with _database() as database:
        if (decision := database.decision(prediction_id)) is None:
            raise TriageError(f"there is no decision {prediction_id}")
        typer.echo(decision.model_dump_json())
        for correction in database.corrections(prediction_id):
            typer.echo(correction.model_dump_json())


@decisions.command()
def retain(
    days: Annotated[float, typer.Option(min=0, help="Decisions older than this go.")], by: By = None
) -> None:
    """Delete old decisions and their corrections; the audit keeps how many, when and by whom.

    The service does it by itself once an hour where TICKET_TRIAGE_RETENTION_DAYS is set.

        ticket-triage decisions retain --days 365
    """
    from ticket_triage.feedback import retention

    spool = settings.read().state / "spool"
    with _database() as database:
        gone = retention.expire(database, days, by or getpass.getuser(), spool=spool)
    typer.echo(f"{gone:,} decisions older than {days:g} days are deleted", err=True)


@decisions.command()
def forget(
    customer: Annotated[str, typer.Option(help="As applications name them; - reads it from standard input.")],
    by: By = None,
) -> None:
    """Delete all decisions on a customer and their corrections, and let none in that were made until now.

    What this machine set aside, because no database would take it, goes too.

    The log knows customers by a keyed hash alone, so the service's salt is needed: the file `salt` in
    TICKET_TRIAGE_STATE, or TICKET_TRIAGE_SALT.

        ticket-triage decisions forget --customer c-1042
    """
    from ticket_triage.feedback import retention

    given = settings.read()
    if given.salt is None and not (given.state / pseudonym.FILE).exists():
        raise TriageError(
            f"there is no salt at {(given.state / pseudonym.FILE).absolute()}, by which the log knows customers: set "
            "TICKET_TRIAGE_STATE or TICKET_TRIAGE_SALT as the service has them"
        )
    name = typer.get_text_stream("stdin").read().strip() if customer == "-" else customer
    hashed = pseudonym.maker(given.state, given.salt)(name)
    with _database() as database:
        gone = retention.forget(database, hashed, by or getpass.getuser(), spool=given.state / "spool")
    typer.echo(f"{gone:,} decisions are deleted; the audit names the customer {hashed}", err=True)


@decisions.command()
def migrate() -> None:
    """Make the tables, or bring them to their newest form; the service does it when it starts."""
    with _database(make=True) as database:
        typer.echo(f"the decision log in {database.name} is up to date", err=True)


@contextmanager
def _database(make: bool = False) -> Iterator["Database"]:
    from ticket_triage.feedback.database import opened

    given = settings.read()
    with opened(log.address(given.state, given.database_url), make) as database:
        yield database
