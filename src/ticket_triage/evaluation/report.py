"""An evaluation as files: metrics and plot tables for DVC, and one page that opens offline."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from ticket_triage.evaluation import (
    Evaluation,
    TaskEvaluation,
    answered,
    confusions,
    metrics,
    plots,
    sufficiency,
)
from ticket_triage.evaluation.claims import claims
from ticket_triage.files import atomic, write_json, write_text
from ticket_triage.schema import TASKS, Task

_MISTAKES = 10
_IMPORTANT = 20
_WEAKEST = 3


def write(
    folder: Path,
    evaluation: Evaluation,
    openings: int | None = None,
    forecast: Mapping[str, Any] | None = None,
) -> None:
    """Make `folder` hold metrics.json, report.html, model_card.md and the CSV files of `tables`, and nothing else.

    `forecast` is what `sufficiency.write` wrote as JSON: its learning curves are shown in the report.
    """
    with atomic(folder) as draft:
        write_json(draft / "metrics.json", evaluation.headline())
        for name, table in tables(evaluation).items():
            rows = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
            write_text(draft / f"{name}.csv", rows)
        write_text(draft / "report.html", page(evaluation, openings, forecast))
        write_text(draft / "model_card.md", card(evaluation))


def tables(evaluation: Evaluation) -> dict[str, pd.DataFrame]:
    """What `dvc plots` draws, task by task; a task that the model lacks has its tables too, without rows.

    Returns:
        confusion_<task>: actual, predicted, a row per ticket; reliability_<task> and risk_coverage_<task> as
        `metrics` gives them; importance_<task>: feature, weight; and classes, slices, fairness, confused pairs and
        errors of all tasks, with a column `task`.
    """
    found: dict[str, pd.DataFrame] = {}
    for task in TASKS:
        part = evaluation.tasks.get(task)
        answers = part.answers if part else next(iter(evaluation.tasks.values())).answers.head(0)
        found[f"confusion_{task}"] = answers[["actual", "predicted"]]
        found[f"reliability_{task}"] = metrics.reliability(answers, evaluation.settings.confidence)
        found[f"risk_coverage_{task}"] = metrics.risk_coverage(answers)
        found[f"importance_{task}"] = part.importance if part else pd.DataFrame(columns=["feature", "weight"])
    for name in ("classes", "slices", "fairness", "confused", "errors"):
        parts = [
            (confusions.mistakes(part.answers) if name == "errors" else getattr(part, name)).assign(task=task)
            for task, part in evaluation.tasks.items()
        ]
        rows = pd.concat(parts, ignore_index=True)
        found[name] = rows[["task", *rows.columns.drop("task")]]
    return found


def page(
    evaluation: Evaluation, openings: int | None = None, forecast: Mapping[str, Any] | None = None
) -> str:
    """The report as one HTML page without anything to load.

    Args:
        openings: how often the gold test was opened so far; not said if not given.
        forecast: see `write`.
    """
    return render(
        "report.html",
        title=f"Evaluation on {evaluation.on}",
        evaluation=evaluation,
        settings=evaluation.settings,
        tickets=max(part.tickets for part in evaluation.tasks.values()),
        openings=openings,
        claims=claims(evaluation),
        forecast=sufficiency.shown(forecast or {}),
        tasks=[_task(task, part, evaluation.settings.confidence) for task, part in evaluation.tasks.items()],
        info=_plain(evaluation.info),
    )


def card(evaluation: Evaluation) -> str:
    """The model card as Markdown (Mitchell et al., Model Cards for Model Reporting, 2019)."""
    keys = evaluation.info.get("training_keys")
    return render(
        "card.md",
        evaluation=evaluation,
        settings=evaluation.settings,
        claims=claims(evaluation),
        facts={
            "tickets": max(part.tickets for part in evaluation.tasks.values()),
            "training": len(keys) if isinstance(keys, list) else "not known",
        },
        tasks=[_told(task, part) for task, part in evaluation.tasks.items()],
        info=_plain(evaluation.info),
    )


def _told(task: Task, part: TaskEvaluation) -> dict[str, Any]:
    known = part.classes[part.classes["support"] > 0].sort_values("f1", kind="stable")
    sliced = part.slices.sort_values("macro_f1", kind="stable")
    return {
        "name": task,
        "part": part,
        "told": [(label, kind, part.figures[name]) for name, label, kind in compared(part)],
        "members": part.members.sort_values("weight", ascending=False, kind="stable").to_dict("records"),
        "weakest": known.head(_WEAKEST).to_dict("records"),
        "worst": sliced.head(_WEAKEST).to_dict("records"),
        "confused": part.confused.head(_WEAKEST).to_dict("records"),
        "unfair": part.fairness[part.fairness["difference"] > part.fairness["chance"]].to_dict("records"),
    }


def _plain(info: Mapping[str, object]) -> list[tuple[str, object]]:
    return [(key, value) for key, value in sorted(info.items()) if isinstance(value, str | int | float)]


COMPARED = {
    "macro_f1": ("Macro-F1", "number"),
    "accuracy": ("Accuracy", "percent"),
    "accuracy_second": ("Second label too", "percent"),
    "ece": ("Calibration error", "number"),
    "ece_floor": ("The same of a perfect model", "number"),
    "log_loss": ("Log-loss", "number"),
    "aurc": ("Area under risk–coverage", "number"),
    "sure_share": ("Above the task's threshold", "percent"),
    "sure_precision": ("Right of those, first or second label", "percent"),
    "sure_precision_strict": ("Right of those, first label alone", "percent"),
    "auto_share": ("Routed: every task is sure", "percent"),
    "auto_precision": ("Right of those routed, first or second label", "percent"),
    "auto_precision_strict": ("Right of those routed, first label alone", "percent"),
    "set_coverage": ("Sets that hold gold", "percent"),
    "set_size": ("Labels in a set", "number"),
    "recall_high": ("Recall of high", "percent"),
    "precision_high": ("Precision of high", "percent"),
    "precision_at_recall": ("Precision of high at the recall asked for", "percent"),
    "missed_high": ("High called low", "percent"),
}


def compared(part: TaskEvaluation) -> list[tuple[str, str, str]]:
    """(name, what it is called, how it is written) of each figure that says something of this task."""
    if part.answers["second"].notna().any():
        return [(name, *told) for name, told in COMPARED.items() if name in part.figures]
    # Where no ticket has a second label, what counts it too is what does not.
    return [
        (name, label.removesuffix(", first or second label"), kind)
        for name, (label, kind) in COMPARED.items()
        if name in part.figures and name != "accuracy_second" and not name.endswith("_strict")
    ]


def _task(task: Task, part: TaskEvaluation, confidence: float) -> dict[str, Any]:
    answers = part.answers
    shares = answers["actual"].value_counts(normalize=True)
    surest = confusions.mistakes(answers).head(_MISTAKES)
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
        "heatmap": plots.heatmap(answered.confusion(answers, part.labels)),
        "reliability": plots.reliability(metrics.reliability(answers, confidence)),
        "risk": plots.risk_coverage(metrics.risk_coverage(answers[answers["judged"]]), part.threshold.value),
        "fairness": part.fairness.to_dict("records"),
        "confused": part.confused.to_dict("records"),
        "importance": plots.bars(list(top["feature"]), list(top["weight"])),
        "slices": [(dimension, rows.to_dict("records")) for dimension, rows in sliced],
        "members": part.members.to_dict("records"),
        "mistakes": surest.rename_axis("ticket").reset_index().to_dict("records"),
    }


def _number(value: float) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"


def _percent(value: float) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.1%}"


def _count(value: float) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def render(template: str, **values: Any) -> str:
    """A template of this folder with values filled in; filters write figures as all reports do."""
    filters = {"number": _number, "percent": _percent, "count": _count}
    environment = jinja2.Environment(  # nosec B701
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=template.endswith(".html"),  # the others are Markdown and text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    environment.filters |= filters | {"say": lambda value, kind: filters[kind](value)}
    return environment.get_template(template).render(**values)
