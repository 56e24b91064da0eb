"""train: one family for one task, tuned, fitted on all gold of the training part, recorded as one MLflow run."""

import tempfile
import time
from pathlib import Path

import pandas as pd

from pipelines import progress, run, say
from ticket_triage import params, registry
from ticket_triage.files import md5, read_table, write_json
from ticket_triage.models import member, tuning
from ticket_triage.schema import Task

STUDIES = Path(
    "data/.studies"
)  # outside the outputs, which DVC deletes before a stage runs: a killed study resumes


def main(
    task: Task, family: str, features: str, others: str, train: str, weak: str, out: str, receipt: str
) -> None:
    """Write the member's folder and the receipt that names its MLflow run."""
    settings = params.load("train")
    table = pd.concat([read_table(Path(features)), read_table(Path(others))])
    training = member.training(task, table, read_table(Path(train)), read_table(Path(weak)), settings)
    if (reason := training.insufficient(task, settings)) is not None:
        member.skip(task, family, Path(out), reason)
        write_json(Path(receipt), {"run_id": None, "skipped": reason})
        return say(f"{task} {family}: not trained, {reason}")
    started = time.monotonic()
    inputs = [md5(Path(path)) for path in (features, others, train, weak)]
    study = tuning.fingerprint(inputs, settings.of(family))
    with progress(f"{task} {family}", settings.trials) as advance:
        fitted = member.fit(
            task, family, training, settings, STUDIES / f"{task}-{family}-{study}.log", advance
        )
    member.save(fitted, Path(out))
    example = training.features.head(5)
    with tempfile.TemporaryDirectory() as room:
        run_id = registry.log_member(
            f"{task}-{family}",
            Path(out),
            example,
            member.load(Path(out)).predict_proba(example),
            params={
                **fitted.values,
                "trials": settings.trials,
                "folds": settings.folds,
                "seed": settings.seed,
            },
            metrics={"cv_macro_f1": fitted.found.score, **fitted.metrics(training)},
            tags={"task": task, "family": family, "data": md5(Path(train)), "commit": registry.commit()},
            pictures=tuning.draw(fitted.found, Path(room)),
        )
    write_json(Path(receipt), {"run_id": run_id, "score": fitted.found.score})
    return say(f"{task} {family}: macro-F1 {fitted.found.score:.3f} across folds", time.monotonic() - started)


if __name__ == "__main__":
    run(main)
