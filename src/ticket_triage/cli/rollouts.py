"""Commands that try a new version on a share of the tickets of a service on this machine, and take it back."""

import getpass
import tempfile
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from ticket_triage.cli.app import app
from ticket_triage.files import TriageError
from ticket_triage.serving.rollout import control, plan
from ticket_triage.serving.rollout.control import Who
from ticket_triage.serving.rollout.plan import Plan, Version

rollout = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")
app.add_typer(rollout, name="rollout")

Why = Annotated[str, typer.Option(help="Kept in the history.")]
State = Annotated[
    Path | None, typer.Option(help="The service's state folder. \\[default: TICKET_TRIAGE_STATE, or ./state]")
]


@rollout.callback()
def _about() -> None:
    """Try a new version on a share of the tickets; a guard takes it back if it does harm.

    The service on this machine follows the plan in its state folder; nothing is restarted.
    """


def folder(state: Path | None) -> Path:
    """The state folder that a command is about."""
    from ticket_triage.serving import settings

    return state or settings.read().state


def _who(why: str) -> Who:
    return Who(getpass.getuser(), why)


def model_name() -> str:
    """The registered model that the working folder is about."""
    from ticket_triage.cli.runs import pool_and_labels
    from ticket_triage.registry import versions

    return versions.registered_name(*pool_and_labels())


def chosen(state: Path, version: str | None, challenger: Path | None) -> Version | None:
    """The version of the registry or the folder that was named, copied into the state folder; None: neither was."""
    if challenger is not None:
        return control.store(state, challenger)
    if version is None:
        return None
    from ticket_triage import champion
    from ticket_triage.schema import ModelRef

    with tempfile.TemporaryDirectory() as room:
        folder = Path(room) / "model"
        champion.bring(ModelRef(name=model_name(), version=version), folder)
        return control.store(state, folder)


def _follow(state: Path, after: Plan | None) -> None:
    if after is None:
        typer.echo("nothing to change", err=True)
        return
    workers = control.wait(state, after)
    who = after.challenger.ref if after.challenger and after.mode != "off" else None
    what = f"{after.mode}: version {who.version} on {after.share:.0%} of the tickets" if who else "off"
    champion = f", version {after.champion.ref.version} is champion" if after.champion else ""
    follow = {0: "no service runs, it follows when it starts", 1: "1 worker follows"}.get(
        workers, f"{workers} workers follow"
    )
    typer.echo(f"rollout {what}{champion}; {follow}", err=True)


@rollout.command()
def start(
    share: Annotated[float, typer.Option(min=0.001, max=1, help="Of the tickets, by customer.")] = 0.05,
    version: Annotated[str | None, typer.Option(help="Of the registry.")] = None,
    challenger: Annotated[Path | None, typer.Option(help="Or the folder of a triage model.")] = None,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Answer beside the champion, logged and never served.")
    ] = False,
    hold: Annotated[
        bool, typer.Option("--hold", help="Stay at the share; otherwise it ramps to 25 and to 100 %.")
    ] = False,
    tickets: Annotated[
        int | None, typer.Option(min=0, help="That a step takes at least. \\[default: 200, then 1,000]")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="That a step takes at least. \\[default: 10, then 30]")
    ] = None,
    id: Annotated[
        str | None, typer.Option(help="Names the rollout; machines on which it is the same assign alike.")
    ] = None,
    why: Why = "by hand",
    state: State = None,
) -> None:
    """Try a version; while one is being tried and none is named, have it answer another share.

    ticket-triage rollout start --version 7 --share 0.05

    ticket-triage rollout start --challenger data/models/triage --shadow --share 1
    """
    place = folder(state)
    named = chosen(place, version, challenger)
    if named is None and plan.read(place).mode != "off":
        _follow(place, control.share(place, share, _who(why)))
        return
    given: dict[str, Any] = {} if tickets is None else {"tickets": tickets}
    given |= {} if minutes is None else {"seconds": minutes * 60}
    ramp = () if hold or shadow else tuple(step.model_copy(update=given) for step in plan.RAMP)
    mode: plan.Mode = "shadow" if shadow else "canary"
    _follow(place, control.start(place, named, _who(why), share=share, mode=mode, ramp=ramp, rollout=id))


@rollout.command()
def package(
    version: Annotated[str | None, typer.Option(help="Of the registry.")] = None,
    challenger: Annotated[Path | None, typer.Option(help="Or the folder of a triage model.")] = None,
    champion: Annotated[Path, typer.Option(help="Folder of the champion.")] = Path("data/models/champion"),
) -> None:
    """Package the champion and a version to try beside it as one Bento; `rollout start` then needs no other.

    ticket-triage rollout package --version 7

    ticket-triage serve --bento ticket-triage:latest
    """
    from ticket_triage import params
    from ticket_triage.files import read_json
    from ticket_triage.serving import package as packaging
    from ticket_triage.serving.predictor import read_ref

    if not champion.is_dir():
        raise TriageError(f"there is no champion at {champion}: run `make package`")
    with tempfile.TemporaryDirectory() as room:
        tried = chosen(Path(room), version, challenger)
        if tried is None or tried.folder is None:
            raise TriageError("say what is to be tried: --version of the registry or --challenger, a folder")
        about = {"data": read_json(champion / "model.json")["info"]["data"]}
        name = params.load("package").name
        folder = Path(tried.folder)
        ref = read_ref(champion)
        tag = packaging.package(champion, ref, packaging.HOME, about, name, challenger=folder)
    typer.echo(f"Bento {tag} serves version {ref.version} and may try {tried.ref.version}", err=True)


@rollout.command()
def share(
    to: Annotated[float, typer.Argument(min=0.001, max=1, help="Of the tickets, by customer.")],
    why: Why = "by hand",
    state: State = None,
) -> None:
    """Have the version that is being tried answer another share; who had it keeps it when the share grows."""
    place = folder(state)
    _follow(place, control.share(place, to, _who(why)))


@rollout.command()
def stop(why: Why = "by hand", state: State = None) -> None:
    """Have the champion answer all tickets again, within a second."""
    place = folder(state)
    _follow(place, control.stop(place, _who(why)))


@rollout.command()
def finish(why: Why = "by hand", state: State = None) -> None:
    """Make the version that answers all tickets the champion, here and in the registry; `make package` packages it."""
    from ticket_triage import moves
    from ticket_triage.registry import versions

    place = folder(state)
    after = control.finish(place, _who(why))
    ref = cast(Version, after.champion).ref
    if versions.tags_of(ref.name, ref.version):
        moves.choose(ref.name, ref.version, why)
        bring(ref.name, place)
    else:
        typer.echo(
            f"{ref.name} {ref.version} is in no registry: a restart keeps it, a new Bento not", err=True
        )
    _follow(place, after)


@rollout.command()
def swap(
    champion: Annotated[Path | None, typer.Argument(metavar="[FOLDER]", help="Of a triage model.")] = None,
    version: Annotated[str | None, typer.Option(help="Or a version of the registry.")] = None,
    if_running: Annotated[
        bool, typer.Option("--if-running", help="Do nothing where no service runs.")
    ] = False,
    why: Why = "by hand",
    state: State = None,
) -> None:
    """Have another version answer all tickets, once its canaries pass; without one, the Bento's own.

    No ticket is lost and nothing restarts. A new Bento is not affected.
    """
    place = folder(state)
    if if_running and control.own(place) is None:
        return
    _follow(place, control.swap(place, chosen(place, version, champion), _who(why)))


def bring(name: str, place: Path) -> list[dict[str, Any]]:
    """Add this machine's history to the registry's, and return all of it."""
    from ticket_triage import moves

    return moves.served(name, [entry.model_dump(mode="json") for entry in plan.history(place)])


def back(why: str) -> bool:
    """Take back what a rollout did on this machine: all of it where one runs; whether one did.

    A version that was swapped in goes too, and leaves what the registry says to be taken back.
    """
    place = folder(None)
    if not (place / plan.PLAN).exists():
        return False
    ran = plan.read(place).mode != "off"
    after = control.stop(place, _who(why)) if ran else control.back(place, _who(why))
    if after is not None:
        _follow(place, after)
    return ran
