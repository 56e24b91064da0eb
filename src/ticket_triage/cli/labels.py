"""Commands about labels: those that rules give, those that people give."""

from pathlib import Path
from typing import Annotated

import typer

from ticket_triage.cli.app import app
from ticket_triage.files import TriageError


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
