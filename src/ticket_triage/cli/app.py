"""The `ticket-triage` command: each command names its values and calls one function."""

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from ticket_triage.files import TriageError


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
