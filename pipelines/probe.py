"""probe: what a person changed in the registry, which DVC cannot see; runs every time, costs little."""

from pathlib import Path

from pipelines import run
from ticket_triage import champion, params, taxonomy
from ticket_triage.files import write_json


def main(experts: str, out: str) -> None:
    """Write which registered model this is, and which of its champions were chosen by hand."""
    store, moves = champion.probe(params.load("ingest").pool, taxonomy.read(Path(experts)).name)
    write_json(Path(out) / "store.json", store)
    write_json(Path(out) / "moves.json", moves)


if __name__ == "__main__":
    run(main)
