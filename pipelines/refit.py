"""refit: the winning configuration is fitted on validation too, once that has judged it, if `refit` says so."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd

from pipelines import progress, run, say
from ticket_triage import params
from ticket_triage.features import TEXT
from ticket_triage.files import atomic, read_table, read_text
from ticket_triage.models import assembly, refit, training
from ticket_triage.models.triage_model import TriageModel


def main(
    model: str, train: str, validation: str, known: str, others: str, weak: str, experts: str, out: str
) -> None:
    """Write the folder of the model that is registered."""
    if not params.load("refit").with_validation:
        with atomic(Path(out)) as draft:
            shutil.copytree(model, draft)
        return say("as assembled: `refit.with_validation` is false")
    rule, encode, settings = params.load("assemble"), params.load("encode"), params.load("train")
    before, rules = TriageModel.load(Path(model)), read_text(Path(experts))
    tables = (read_table(Path(one)) for one in (train, validation, known, others, weak))
    gold, held_out, seen, more, guessed = tables
    both, rows = pd.concat([gold, held_out]), pd.concat([seen, more])
    lesson = training.everything(before.tasks, both, rows, guessed, rules, settings, calendar=before.calendar)
    with tempfile.TemporaryDirectory() as room, progress("refit", refit.steps(before)) as advance:
        after = refit.refit(before, lesson, more[TEXT], settings, encode, rule, Path(room), advance)
        proven = replace(after, canaries=assembly.canaries(after, held_out, rule))
        proven.save(Path(out), Path(room), before.reference)
    return say(f"members fitted on {len(lesson.gold):,} gold tickets")


if __name__ == "__main__":
    run(main)
