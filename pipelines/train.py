"""train: one family for one task, tuned, fitted on all gold of the training part, recorded as one MLflow run."""

from pathlib import Path

import pandas as pd

from pipelines import STUDIES, progress, run, say
from ticket_triage import params
from ticket_triage.files import md5, read_table, read_text, write_json
from ticket_triage.models import member, shelf, training, tuning
from ticket_triage.registry.training import record
from ticket_triage.schema import Task


def main(
    task: Task, family: str, rows: str, rest: str, train: str, weak: str, experts: str, out: str, receipt: str
) -> None:
    """Write the member's folder and the receipt that names its MLflow run."""
    settings = params.load("train")
    rules = read_text(Path(experts))
    table = pd.concat([read_table(Path(rows)), read_table(Path(rest))])
    found = training.select(task, table, read_table(Path(train)), read_table(Path(weak)), rules, settings)
    if (reason := found.insufficient(task, settings)) is not None:
        shelf.skip(task, family, Path(out), reason)
        write_json(Path(receipt), {"run_id": None, "skipped": reason})
        return say(f"{task} {family}: not trained, {reason}")
    name, files = f"{task}-{family}", (rows, rest, train, weak, experts)
    journal = tuning.journal(STUDIES / name, files, settings.of(family))
    with progress(f"{task} {family}", settings.trials) as advance:
        fitted = member.fit(task, family, found, settings, journal, advance)
    shelf.save(fitted, Path(out))
    tags = {"task": task, "family": family, "data": md5(Path(train))}
    saved = {"model": (Path(out), found.features)}
    with tuning.drawn(fitted.found) as pictures:
        run_id = record(name, saved, tags=tags, pictures=pictures, **fitted.record(found, settings))
    write_json(Path(receipt), {"run_id": run_id, "score": fitted.found.score})
    return say(f"{task} {family}: macro-F1 {fitted.found.score:.3f} across folds")


if __name__ == "__main__":
    run(main)
