"""`ticket-triage keys`: who may ask the service."""

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from ticket_triage.cli.app import app
from ticket_triage.serving import api_keys, settings

keys = typer.Typer(no_args_is_help=True, help="API keys of the service: make, list and revoke them.")
app.add_typer(keys, name="keys")


@keys.command()
def add(
    name: Annotated[str, typer.Argument(help="Who holds it; the decision log names callers by it.")],
    role: Annotated[
        str,
        typer.Option(
            help="predict: ask; review: also read decisions and correct them; admin: also change the service."
        ),
    ] = "predict",
    rate: Annotated[float, typer.Option(min=0.001, help="Tickets a second.")] = 100,
) -> None:
    """Make a key and print it, this once: only its hash is kept, in keys.json of TICKET_TRIAGE_STATE.

    ticket-triage keys add web-shop

    ticket-triage keys add desk --role review --rate 5
    """
    typer.echo(api_keys.add(_file(), name, cast(Any, role), rate))
    typer.echo(f"the key of {name} ({role}), kept in {_file()} as its hash: it is not shown again", err=True)


@keys.command(name="list")
def show() -> None:
    """Name the keys, what each may do, and since when it is there or gone."""
    known = api_keys.read(_file())
    if not known:
        typer.echo(f"no keys in {_file()} yet: ticket-triage keys add NAME makes one", err=True)
    for key in known:
        gone = f", revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else ""
        typer.echo(
            f"{key.name}: {key.role}, {key.rate:g} a second, made {key.created_at:%Y-%m-%d %H:%M}{gone}"
        )


@keys.command()
def revoke(name: Annotated[str, typer.Argument(help="As `ticket-triage keys list` has it.")]) -> None:
    """End a key: services that run refuse it with their next request."""
    api_keys.revoke(_file(), name)
    typer.echo(f"{name} is revoked", err=True)


def _file() -> Path:
    return settings.read().state / api_keys.FILE
