"""A simulation on a terminal: what was asked, the table of settings, the curve in characters."""

from collections.abc import Sequence

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from ticket_triage import params
from ticket_triage.evaluation.simulation import TITLES, Scenario, Simulation, hours
from ticket_triage.files import TriageError
from ticket_triage.intervals import Figure

WIDTH = 26  # of the longest bar
ROWS = {
    "routed": "routed",
    "reviewed": "read by people",
    "wrong_category": "wrong category",
    "wrong_priority": "wrong priority",
    "missed_urgent": "urgent missed",
}


def asked(
    settings: params.Assemble, reviewers_can: float | None, incoming: float | None, costs: Sequence[str]
) -> params.Assemble:
    """`settings` with the capacity and the costs ("review=2") that were given instead of its own.

    Raises:
        TriageError: a cost has no such name, or is no number of minutes.
    """
    given: dict[str, float] = {}
    for one in costs:
        name, _, minutes = one.partition("=")
        try:
            given[name.strip()] = float(minutes)
        except ValueError:
            raise TriageError(f"--cost is NAME=MINUTES, not {one}") from None
    capacity = {"reviewers_can": reviewers_can, "incoming": incoming}
    try:
        return settings.model_copy(
            update={
                "costs": params.Costs.model_validate(settings.costs.model_dump() | given),
                "capacity": settings.capacity.model_copy(
                    update={name: float(value) for name, value in capacity.items() if value is not None}
                ),
            }
        )
    except ValidationError as error:
        known = ", ".join(params.Costs.model_fields)
        raise TriageError(f"--cost takes minutes, 0 or more, of {known}; not {', '.join(costs)}") from error


def show(simulation: Simulation, console: Console | None = None) -> None:
    """Print it."""
    out, s = console or Console(), simulation.settings
    tasks = list(simulation.scenarios[0].thresholds)
    shown = [
        one for one in simulation.scenarios if one.name != s.decide_by or not _is_served(one, simulation)
    ]
    table = Table(title="In an hour", title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for one in shown:
        table.add_column(TITLES[one.name], justify="right")
    for task in tasks:
        table.add_row(f"{task} ≥", *(_limit(one.thresholds[task].value) for one in shown))
    for name, called in ROWS.items():
        figures = [hours(one.figures[name], simulation) for one in shown]
        table.add_row(
            called,
            *(
                f"[red]! {_span(figure)}[/]"
                if name == "reviewed" and figure.value > s.capacity.reviewers_can
                else _span(figure)
                for figure in figures
            ),
        )
    table.add_row("minutes a ticket", *(_span(one.figures["cost"]) for one in shown))
    saved = [hours(one.figures["saved"], simulation).value / 60 for one in shown]
    table.add_row("hours saved", *(f"{value:.2f}" for value in saved))
    out.print(table)
    over = any(hours(one.figures["reviewed"], simulation).value > s.capacity.reviewers_can for one in shown)
    out.print(
        f"Of {s.capacity.incoming:g} tickets an hour"
        + (f"; ! is more than the {s.capacity.reviewers_can:g} that people can read" if over else "")
        + f". Thresholds were chosen on {simulation.chosen_on} gold tickets of validation and judged on "
        f"{simulation.judged_on} others; {simulation.confidence:.0%} intervals.\n"
    )
    most = float(simulation.curve["cost"].max()) or 1.0
    cheapest = simulation.curve["cost"].idxmin()
    curve = Table(
        title="The cheapest thresholds at each share that people read",
        title_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
    )
    for name in ("read", *tasks, "wrong unseen", "minutes"):
        curve.add_column(name, justify="right")
    curve.add_column("")
    for place, row in simulation.curve.iterrows():
        bar = "█" * max(1, round(WIDTH * row["cost"] / most))
        curve.add_row(
            f"{row['reviewed']:.0%}",
            *(_limit(row[task]) for task in tasks),
            f"{row['wrong']:.1%}",
            f"{row['cost']:.2f}",
            f"[green]{bar} ◄ cheapest[/]" if place == cheapest else bar,
        )
    out.print(curve)


def _is_served(one: Scenario, simulation: Simulation) -> bool:
    served = simulation.scenarios[0]
    apart = [abs(limit.value - served.thresholds[task].value) for task, limit in one.thresholds.items()]
    return max(apart) < 1e-6


def _limit(value: float) -> str:
    return "none" if value > 1 else f"{value:.2f}"


def _span(figure: Figure) -> str:
    value, low, high = (f"{one:.1f}" for one in figure)
    return value if low == high else f"{value}\n[dim]{low}–{high}[/]"
