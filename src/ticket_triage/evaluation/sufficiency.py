"""Is there enough gold? Said before anything is trained, in sentences and on a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jinja2

from ticket_triage.evaluation import plots
from ticket_triage.evaluation.learning_curve import Curve
from ticket_triage.files import atomic, write_json, write_text
from ticket_triage.params import Forecast
from ticket_triage.schema import TASKS, Task

Word = Literal["too little", "thin", "enough"]


@dataclass(frozen=True)
class Verdict:
    """Of one task; `sentences` say why."""

    word: Word
    sentences: list[str]


def judge(
    task: Task, curve: Curve | None, counts: Mapping[str, Any], settings: Forecast, needed: Mapping[str, int]
) -> Verdict:
    """Whether the gold of a task is enough to learn it and to promise something.

    Args:
        curve: on the training part, or None if that is too little.
        counts: the report of the split: labels of each part.
        needed: gold tickets that training (`min_gold`), a fold (`folds`) and a threshold (`min_calibration`) need.
    """
    parts: Mapping[str, Mapping[str, int]] = counts[task]
    train = parts.get("train", {})
    rows = sum(train.values())
    if curve is None:
        return Verdict(
            "too little",
            [f"{rows:,} gold tickets to learn from: not trained, {needed['min_gold']} are needed."],
        )
    told = [
        f"{rows:,} gold tickets to learn from, {len(train)} labels.",
        f"A plain linear model, which the vote should exceed, is expected to have a macro-F1 of {_with(curve.now)}.",
        f"{curve.more} more labels would bring it about {_with(curve.gain, '+')}.",
    ]
    word: Word = "enough"
    unlearnt = sorted(label for label in train if label not in set(curve.classes["label"]))
    if unlearnt:
        word = "thin"
        told.append(f"Not learnt, fewer than {needed['folds']} tickets to learn from: {_some(unlearnt)}.")
    poor = curve.classes[curve.classes["high"] < settings.poor_f1].sort_values("f1", kind="stable")
    if len(poor):
        word = "thin"
        listed = [
            f"{row['label']} (F1 {row['f1']:.2f}, {row['rows']} tickets)" for row in poor.to_dict("records")
        ]
        told.append(f"Hardly learnt, F1 surely below {settings.poor_f1:g}: {_some(listed)}.")
    if curve.gain.low > settings.steep:
        word = "thin"
        told.append("The curve is still steep: labels are the cheapest way to a better model.")
    half = sum(parts.get("validation", {}).values()) // 2
    if half < needed["min_calibration"]:
        word = "too little"
        told.append(
            f"About {half} gold tickets choose the threshold, {needed['min_calibration']} are needed: "
            "no precision can be promised."
        )
    else:
        told.append(
            f"About {half} gold tickets choose the threshold: enough to promise a precision of the task."
        )
    few = sorted(label for label in train if parts.get("test", {}).get(label, 0) < settings.min_judged)
    if few:
        told.append(
            f"Too few in the test to promise anything of them, under {settings.min_judged}: {_some(few)}."
        )
    return Verdict(word, told)


def _with(figure: Any, sign: str = "") -> str:
    return f"{figure.value:{sign}.3f} ({figure.low:{sign}.3f} to {figure.high:{sign}.3f})"


def _some(names: list[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def write(folder: Path, verdicts: Mapping[Task, Verdict], curves: Mapping[Task, Curve | None]) -> None:
    """Make `folder` hold forecast.json, learning_curve.csv and forecast.html, a page that opens offline."""
    found: dict[str, Any] = {task: _plain(verdict, curves[task]) for task, verdict in verdicts.items()}
    lines = ["task,rows,macro_f1,low,high"]
    for task, curve in curves.items():
        points = [] if curve is None else curve.points.to_dict("records")
        lines += [f"{task},{p['rows']},{p['value']:.6g},{p['low']:.6g},{p['high']:.6g}" for p in points]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    page = environment.get_template("sufficiency.html")
    with atomic(folder) as draft:
        write_json(draft / "forecast.json", found)
        write_text(draft / "learning_curve.csv", "\n".join(lines) + "\n")
        write_text(draft / "forecast.html", page.render(title="Is there enough gold?", forecast=shown(found)))


def _plain(verdict: Verdict, curve: Curve | None) -> dict[str, Any]:
    about = {"verdict": verdict.word, "sentences": verdict.sentences}
    if curve is None:
        return about | {"curve": None}
    return about | {
        "curve": {
            "rows": curve.rows,
            "points": curve.points.round(6).to_dict("records"),
            "law": [round(value, 6) for value in curve.law],
            "now": [round(value, 6) for value in curve.now],
            "more": curve.more,
            "gain": [round(value, 6) for value in curve.gain],
            "classes": curve.classes.round(6).to_dict("records"),
        }
    }


def shown(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is in forecast.json as the template `learning_curve.html` wants it."""
    return [
        {
            "name": task,
            **found[task],
            "picture": plots.learning_curve(found[task]["curve"]) if found[task]["curve"] else "",
        }
        for task in TASKS
        if task in found
    ]
