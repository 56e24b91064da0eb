"""probe: what changed in the registry, which DVC cannot see; runs every time, costs little."""

from pathlib import Path

from pipelines import run
from ticket_triage import champion, params, taxonomy
from ticket_triage.files import sha256, write_json


def main(experts: str, candidate: str, out: str) -> None:
    """Write which registered model this is, and what happened to it since the candidate was judged."""
    pool, labels = params.load("ingest").pool, taxonomy.read(Path(experts)).name
    store, changes = champion.probe(pool, labels, sha256(Path(candidate)))
    write_json(Path(out) / "store.json", store)
    write_json(Path(out) / "changes.json", changes)


if __name__ == "__main__":
    run(main)
