"""forecast: is the gold enough, and what would more of it bring? Said before anything is trained."""

from pathlib import Path

from pipelines import run, say
from ticket_triage import features, params
from ticket_triage.evaluation import learning_curve, sufficiency
from ticket_triage.files import read_json, read_table
from ticket_triage.schema import TASKS


def main(train: str, counts: str, out: str) -> None:
    """Write the verdict of each task, its learning curve and a page."""
    settings, fitting = params.load("forecast"), params.load("train")
    needed = {
        "min_gold": fitting.min_gold,
        "folds": settings.folds,
        "min_calibration": params.load("assemble").min_calibration,
    }
    rows, told = read_table(Path(train)), read_json(Path(counts))
    table, curves, verdicts = features.build(rows), {}, {}
    for task in TASKS:
        curves[task] = learning_curve.of_task(table, rows, task, fitting.text, settings, fitting.min_gold)
        verdicts[task] = sufficiency.judge(task, curves[task], told, settings, needed)
        say(f"{task}: gold is {verdicts[task].word}. {' '.join(verdicts[task].sentences)}")
    sufficiency.write(Path(out), verdicts, curves)


if __name__ == "__main__":
    run(main)
