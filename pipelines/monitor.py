"""monitor: do the newest tickets still look like those that the champion learnt from?"""

from pathlib import Path

from pipelines import run, say
from ticket_triage import params
from ticket_triage.files import read_table, write_json, write_text
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.monitoring import drift, reference


def main(champion: str, tickets: str, out: str) -> None:
    """Write `drift.html`, the page, and `drift.json`, the verdict."""
    settings = params.load("monitor")
    model = TriageModel.load(Path(champion))
    table = read_table(Path(tickets))
    newest = reference.window(table, settings.window_days, settings.max_rows, settings.seed)
    told = reference.told(table, settings.window_days)
    report = drift.compare(model.reference, model.observe(newest), settings.drift, told)
    write_text(Path(out) / "drift.html", report.html)
    write_json(Path(out) / "drift.json", report.summary)
    drifted = f"{report.summary['drifted']} of {report.summary['columns']} columns drifted"
    say(f"{report.verdict}: {drifted}, on the newest {len(newest)} tickets")


if __name__ == "__main__":
    run(main)
