"""assemble: members become one triage model, weighed out of fold, thresholds from one half of validation."""

import tempfile
from pathlib import Path

import pandas as pd

from pipelines import run, say
from ticket_triage import params, taxonomy
from ticket_triage.files import md5, read_table
from ticket_triage.models import assembly, shelf
from ticket_triage.models.encoder import FAMILIES
from ticket_triage.models.families import RULES


def main(members: str, train: str, validation: str, unlabelled: str, experts: str, out: str) -> None:
    """Write the candidate's folder."""
    training, settings = params.load("train"), params.load("assemble")
    families = (*training.members, *FAMILIES, RULES)
    saved = [shelf.read(Path(members) / task / family) for task in training.tasks for family in families]
    held_out, rest = read_table(Path(validation)), read_table(Path(unlabelled))
    with tempfile.TemporaryDirectory() as room:
        model = assembly.assemble(
            saved,
            read_table(Path(train)),
            held_out,
            rest,
            taxonomy.read(Path(experts)),
            settings,
            calendar=params.load("features").calendar,
            info={"data": md5(Path(train))},
            stage=Path(room),
        )
        unseen = pd.concat([held_out, rest])
        drawn = unseen.sample(min(len(unseen), settings.reference), random_state=settings.seed)
        reference = model.observe(drawn)
        model.save(Path(out), Path(room), reference)
    for line in assembly.in_words(model):
        say(line)


if __name__ == "__main__":
    run(main)
