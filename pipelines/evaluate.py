"""evaluate: what the triage model is worth on the validation part of gold."""

from pathlib import Path

from pipelines import run, say
from ticket_triage import params
from ticket_triage.evaluation import evaluate, report
from ticket_triage.files import read_json, read_table, sha256
from ticket_triage.models.triage_model import TriageModel


def main(model: str, validation: str, hindsight: str, weak: str, forecast: str, out: str) -> None:
    """Write the metrics, the tables for plots and the report."""
    evaluation = evaluate(
        TriageModel.load(Path(model)),
        read_table(Path(validation)),
        read_table(Path(hindsight), ["ticket_id", "brand"]),
        params.load("evaluate"),
        digest=sha256(Path(model)),
        weak=read_table(Path(weak)),
        excerpts=True,
        reasons=True,
    )
    report.write(Path(out), evaluation, forecast=read_json(Path(forecast)))
    for task, part in evaluation.tasks.items():
        f1, routed = part.figures["macro_f1"], part.figures["auto_share"]
        say(f"{task}: macro-F1 {f1.value:.3f} ({f1.low:.3f} to {f1.high:.3f}); {routed.value:.0%} routed")


if __name__ == "__main__":
    run(main)
