"""audit: gold of train and validation that the vote contradicts where it has not learnt it, as a list to read again."""

from pathlib import Path

import pandas as pd

from pipelines import run, say
from ticket_triage import params
from ticket_triage.files import read_table
from ticket_triage.labeling import audit
from ticket_triage.models import assembly, shelf
from ticket_triage.models.triage_model import TriageModel


def main(members: str, model: str, train: str, validation: str, out: str) -> None:
    """Write the review list and its page."""
    settings, triage = params.load("audit"), TriageModel.load(Path(model))
    learnt, held_out = read_table(Path(train)), read_table(Path(validation))
    tickets = pd.concat([learnt.assign(part="train"), held_out.assign(part="validation")])
    unseen = triage.predict_proba(held_out.set_index("ticket_id", drop=False))
    found = {}
    for task, head in triage.heads.items():
        voting = [shelf.read(Path(members) / task / voter.family) for voter in head.voters]
        guesses = pd.concat([assembly.out_of_fold(head, voting), unseen[task]])
        found[task] = one = audit.contradicted(task, tickets, guesses, settings)
        say(f"{task}: {len(one.rows)} of {one.labels} gold labels are contradicted: read them again")
    audit.write(Path(out), found, settings)


if __name__ == "__main__":
    run(main)
