"""promote: opens the gold test for candidate and champion, decides, moves the alias, says why."""

from pathlib import Path

from pipelines import run, say
from ticket_triage import contest, params
from ticket_triage.files import read_json, read_table


def main(candidate: str, probe: str, test: str, newest: str, hindsight: str, out: str) -> None:
    """Write promote.json, which names the champion, and the report."""
    verdict = contest.hold(
        read_json(Path(candidate)),
        read_json(Path(probe)),
        {"test": read_table(Path(test)), "newest": read_table(Path(newest))},
        read_table(Path(hindsight)),
        params.load("promote"),
        params.load("evaluate"),
        Path(out),
    )
    say(f"champion: version {verdict['champion'] or 'none'}; " + " ".join(verdict["reasons"]))


if __name__ == "__main__":
    run(main)
