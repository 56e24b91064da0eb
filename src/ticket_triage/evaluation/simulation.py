"""What if other thresholds decided: how many tickets would be routed, read and wrong, and what that costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ticket_triage import params
from ticket_triage.evaluation import plots, report
from ticket_triage.files import TriageError, write_text
from ticket_triage.intervals import Figure, percentile, resamples, share
from ticket_triage.models import costs, operating
from ticket_triage.models.calibration import NEVER, Threshold
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.schema import Task

POINTS = 20  # of the curve

TITLES = {
    "served": "as served",
    "promise": "by promise",
    "costs": "by costs",
    "capacity": "by capacity",
    "none": "read all",
    "all": "route all",
}


@dataclass(frozen=True)
class Scenario:
    """A setting and what it comes to: shares of incoming tickets, `cost` and `saved` in minutes a ticket."""

    name: str
    thresholds: dict[Task, Threshold]
    figures: dict[str, Figure]


@dataclass(frozen=True)
class Simulation:
    """Scenarios by name, and the cheapest setting at each share that people read.

    Attributes:
        curve: reviewed, cost, cost_low, cost_high, wrong (share routed with a mistake), and <task>: its threshold.
        chosen_on, judged_on: how many tickets.
    """

    scenarios: tuple[Scenario, ...]
    curve: pd.DataFrame
    settings: params.Assemble
    chosen_on: int
    judged_on: int
    confidence: float


def simulate(
    model: TriageModel, validation: pd.DataFrame, settings: params.Assemble, measure: params.Evaluate
) -> Simulation:
    """Choose thresholds as `assemble` would, on its half of validation gold, and see on the other what comes of them.

    Raises:
        TriageError: one of the halves has no ticket with gold for all tasks of the model.
    """
    half, rest = (validation[validation["half"] == name] for name in ("thresholds", "conformal"))
    own, other = operating.weighed(model, half, settings), operating.weighed(model, rest, settings)
    if own.empty or other.empty:
        raise TriageError(
            f"validation has no gold for {' and '.join(model.tasks)} in both of its halves: there is nothing to weigh"
        )
    ways = {
        name: operating.thresholds(model, half, settings.model_copy(update={"decide_by": name}))
        for name in ("promise", "costs", "capacity")
    }
    limits = {
        "served": {task: head.threshold for task, head in model.heads.items()},
        **ways,
        "none": {task: Threshold(value=NEVER, why="") for task in model.tasks},
        "all": {task: Threshold(value=0.0, why="") for task in model.tasks},
    }
    return Simulation(
        scenarios=tuple(
            Scenario(name, chosen, _figures(other, _routed(other, chosen), settings.costs, measure))
            for name, chosen in limits.items()
        ),
        curve=_curve(own, other, model, settings.costs, measure),
        settings=settings,
        chosen_on=len(own),
        judged_on=len(other),
        confidence=measure.confidence,
    )


def _routed(table: pd.DataFrame, chosen: Mapping[Task, Threshold]) -> "np.ndarray":
    return costs.routed(
        table, {task: table[task].map(limit.of).to_numpy(np.float64) for task, limit in chosen.items()}
    )


def _figures(
    table: pd.DataFrame, routed: "np.ndarray", prices: params.Costs, measure: params.Evaluate
) -> dict[str, Figure]:
    gone = routed.astype(np.float64)
    named = ("wrong_category", "wrong_priority", "missed_urgent")
    wrong = table[list(named)].to_numpy(np.float64)
    rows = np.column_stack(
        [
            gone,
            1 - gone,
            gone[:, None] * wrong,
            gone * wrong.any(axis=1),
            np.where(routed, costs.price(table, prices), prices.review),
            gone * prices.review,
        ]
    )
    point = rows.mean(axis=0)
    drawn = np.concatenate(
        [weights @ rows / len(rows) for weights in resamples(len(rows), measure.bootstrap, measure.seed)]
    )
    names = ("routed", "reviewed", *named, "wrong", "cost", "saved")
    found = {
        name: Figure(float(point[place]), *percentile(drawn[:, place], measure.confidence))
        for place, name in enumerate(names)
    }
    if routed.any():  # none that went wrong is not never, as the bootstrap would have it
        for place, name in enumerate(names):
            if name in (*named, "wrong"):
                found[name] = share(int(rows[:, place].sum()), len(rows), measure.confidence)
    return found


def _curve(
    own: pd.DataFrame,
    other: pd.DataFrame,
    model: TriageModel,
    prices: params.Costs,
    measure: params.Evaluate,
) -> pd.DataFrame:
    tried = costs.settings(own, prices, model.tasks)
    bands: dict[int, list[costs.Setting]] = {}
    for one in tried:
        bands.setdefault(round(one.reviewed * POINTS), []).append(one)
    rows = []
    for band in sorted(bands):
        best = costs.choose(bands[band])
        limits = {task: Threshold(value=value, why="") for task, value in best.thresholds.items()}
        found = _figures(other, _routed(other, limits), prices, measure)
        cost = dict(zip(("cost", "cost_low", "cost_high"), found["cost"], strict=True))
        rows.append(
            {
                "reviewed": found["reviewed"].value,
                **cost,
                "wrong": found["wrong"].value,
                **{str(task): value for task, value in best.thresholds.items()},
            }
        )
    return pd.DataFrame(rows).sort_values("reviewed", kind="stable", ignore_index=True)


def hours(share: Figure, simulation: Simulation) -> Figure:
    """Tickets an hour from a share of those that come in."""
    return Figure(*(value * simulation.settings.capacity.incoming for value in share))


def page(simulation: Simulation) -> str:
    """The simulation as one HTML page without anything to load."""
    return report.render(
        "simulation.html",
        title="What if other thresholds decided",
        simulation=simulation,
        titles=TITLES,
        hours=lambda share: hours(share, simulation),
        tasks=list(simulation.scenarios[0].thresholds),
        curve=plots.band(
            simulation.curve["reviewed"],
            [simulation.curve[name] for name in ("cost", "cost_low", "cost_high")],
            _marks(simulation, "cost"),
            ("read by people", "minutes a ticket"),
        ),
        wrong=plots.band(
            simulation.curve["reviewed"],
            [simulation.curve["wrong"]] * 3,
            _marks(simulation, "wrong"),
            ("read by people", "routed wrongly"),
        ),
        points=simulation.curve.to_dict("records"),
    )


def _marks(simulation: Simulation, figure: str) -> list[tuple[str, float, float]]:
    return [
        (TITLES[one.name], one.figures["reviewed"].value, one.figures[figure].value)
        for one in simulation.scenarios
        if one.name != simulation.settings.decide_by  # which is what is served
    ]


def write(path: Path, simulation: Simulation) -> None:
    """Put the page at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, page(simulation))
