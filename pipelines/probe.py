"""probe: what changed in the registry, which DVC cannot see; runs every time, costs little."""

from pathlib import Path

from pipelines import run
from ticket_triage import moves, params, taxonomy
from ticket_triage.files import sha256, text_key, write_json


def main(experts: str, candidate: str, out: str) -> None:
    """Write which registered model this is, and what happened to it since the candidate was judged."""
    pool, labels = params.load("ingest").pool, taxonomy.read(Path(experts)).name
    rules = [params.load("promote"), params.load("evaluate")]
    contest = text_key(sha256(Path(candidate)) + repr(rules))
    store, changes = moves.probe(pool, labels, contest)
    write_json(Path(out) / "store.json", store)
    write_json(Path(out) / "changes.json", changes)


if __name__ == "__main__":
    run(main)
