"""ingest: whatever a source looks like, it lands as the same files."""

from pathlib import Path

from pipelines import run, say
from ticket_triage import params, sources
from ticket_triage.files import TriageError


def main(name: str, out: str) -> None:
    """Land the source `name` of params.yaml in the folder `out`."""
    known = params.load("ingest").sources
    if name not in known:
        raise TriageError(f"params.yaml has no source {name!r}, it has {', '.join(known)}")
    receipt = sources.ingest(name, known[name], Path(out))
    say(f"{name}: {receipt['tickets']:,} tickets of {receipt['rows']:,} rows")
    say(f"{name}: sha256 of its file {receipt['input_sha256']}")


if __name__ == "__main__":
    run(main)
