"""An evaluation as files: metrics and plot tables for DVC, and one page that opens offline."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from ticket_triage.evaluation import Evaluation, TaskEvaluation, metrics, plots
from ticket_triage.files import atomic, write_json, write_text
from ticket_triage.schema import TASKS, Task

_MISTAKES = 10
_IMPORTANT = 20


def write(folder: Path, evaluation: Evaluation, openings: int | None = None) -> None:
    """Make `folder` hold metrics.json, report.html and the tables of `tables` as CSV, and nothing else."""
    with atomic(folder) as draft:
        write_json(draft / "metrics.json", evaluation.headline())
        for name, table in tables(evaluation).items():
            rows = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
            write_text(draft / f"{name}.csv", rows)
        write_text(draft / "report.html", page(evaluation, openings))


def tables(evaluation: Evaluation) -> dict[str, pd.DataFrame]:
    """What `dvc plots` draws; every table is there, without rows where the model lacks the task.

    Returns:
        confusion_<task>: actual, predicted, one row per ticket; and with a column `task` each: classes,
        reliability, risk_coverage, importance, slices.
    """
    found: dict[str, pd.DataFrame] = {}
    empty = pd.DataFrame(columns=["actual", "predicted"])
    for task in TASKS:
        part = evaluation.tasks.get(task)
        found[f"confusion_{task}"] = part.answers[["actual", "predicted"]] if part else empty
    pooled: dict[str, Callable[[TaskEvaluation], pd.DataFrame]] = {
        "classes": lambda part: part.classes,
        "reliability": lambda part: metrics.reliability(part.answers),
        "risk_coverage": lambda part: metrics.risk_coverage(part.answers),
        "importance": lambda part: part.importance,
        "slices": lambda part: part.slices,
    }
    for name, table in pooled.items():
        parts = [table(part).assign(task=task) for task, part in evaluation.tasks.items()]
        rows = pd.concat(parts, ignore_index=True)
        found[name] = rows[["task", *rows.columns.drop("task")]]
    return found


def page(evaluation: Evaluation, openings: int | None = None) -> str:
    """The report as one HTML page without anything to load.

    Args:
        openings: how often the gold test was opened so far; not said if not given.
    """
    plain = (str, int, float)
    return _render(
        "report.html",
        title=f"Evaluation on {evaluation.on}",
        evaluation=evaluation,
        settings=evaluation.settings,
        tickets=max(part.tickets for part in evaluation.tasks.values()),
        openings=openings,
        tasks=[_task(task, part) for task, part in evaluation.tasks.items()],
        info=[(key, value) for key, value in sorted(evaluation.info.items()) if isinstance(value, plain)],
    )


def _task(task: Task, part: TaskEvaluation) -> dict[str, Any]:
    answers = part.answers
    shares = answers["actual"].value_counts(normalize=True)
    wrong = answers[(answers["predicted"] != answers["actual"]) & (answers["predicted"] != answers["second"])]
    surest = wrong.sort_values("confidence", ascending=False, kind="stable").head(_MISTAKES)
    top = part.importance.head(_IMPORTANT)
    sliced = part.slices.groupby("dimension", sort=False)
    return {
        "name": task,
        "part": part,
        "second": answers["second"].notna().any(),
        "commonest": shares.index[0],
        "floor": shares.iloc[0],
        "judged": int(answers["judged"].sum()),
        "unjudged": int((~answers["judged"]).sum()),
        "classes": part.classes.to_dict("records"),
        "heatmap": plots.heatmap(metrics.confusion(answers, part.labels)),
        "reliability": plots.reliability(metrics.reliability(answers)),
        "risk": plots.risk_coverage(metrics.risk_coverage(answers), part.threshold),
        "importance": plots.bars(list(top["feature"]), list(top["weight"])),
        "slices": [(dimension, rows.to_dict("records")) for dimension, rows in sliced],
        "members": part.members.to_dict("records"),
        "mistakes": surest.rename_axis("ticket").reset_index().to_dict("records"),
    }


def _number(value: float) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"


def _percent(value: float) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.1%}"


def _render(template: str, **values: Any) -> str:
    filters = {"number": _number, "percent": _percent}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    environment.filters |= filters | {"say": lambda value, kind: filters[kind](value)}
    return environment.get_template(template).render(**values)
