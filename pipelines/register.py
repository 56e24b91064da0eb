"""register: the candidate becomes a version of the registered model of its pool and taxonomy."""

from pathlib import Path

from pipelines import run, say
from ticket_triage import contest
from ticket_triage.files import read_json, write_json


def main(model: str, metrics: str, store: str, out: str) -> None:
    """Write the receipt that names the version; an equal model is found, not registered again."""
    receipt = contest.enter(Path(model), read_json(Path(metrics)), read_json(Path(store)))
    write_json(Path(out), receipt)
    say(f"{receipt['model']} version {receipt['version']}")


if __name__ == "__main__":
    run(main)
