"""The `ticket-triage` command: each command names its values and calls one function."""

# Imported for the commands that they add, in the order in which `--help` lists them.
from ticket_triage.cli import answers, decisions, keys, labels, rollouts, runs, trials
from ticket_triage.cli.app import app

__all__ = ["answers", "app", "decisions", "keys", "labels", "rollouts", "runs", "trials"]
