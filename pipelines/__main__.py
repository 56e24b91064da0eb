"""`python -m pipelines`: run every stage that is not up to date, then say what came of it."""

import subprocess
import sys
import time
from pathlib import Path

from pipelines import lock, summary
from ticket_triage import params, taxonomy
from ticket_triage.files import TriageError


def main() -> int:
    """Exit status of `dvc repro`, or 1 when the parameters are wrong."""
    started = time.monotonic()
    try:
        # Before DVC, which would say less clearly what is wrong.
        experts = Path(params.read().validate_.taxonomy)
        if not taxonomy.asks_for_labels(experts):
            taxonomy.read(experts)
        lock.mend()
    except (TriageError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    before = lock.LOCK.read_bytes() if lock.LOCK.exists() else b""
    status = subprocess.call([sys.executable, "-m", "dvc", "repro", *sys.argv[1:]])
    if status:
        print(
            "\nThe pipeline stopped at the stage named above; what came before it is kept. Mend it and run again."
        )
        return status
    idle = lock.LOCK.exists() and lock.LOCK.read_bytes() == before
    try:
        summary.show(Path("data"), time.monotonic() - started, idle)
    except TriageError:
        print("\nThe stages that were asked for are done; a summary needs all of them.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
