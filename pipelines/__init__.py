"""One thin file per stage; `dvc.yaml` says which files each one reads and writes."""

import gc
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Tools phone home, and boosters and BLAS fight over two cores, unless told otherwise before they are imported.
_QUIET = {
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "BENTOML_DO_NOT_TRACK": "True",
    "OMP_WAIT_POLICY": "PASSIVE",
    "PYTHONHASHSEED": "0",
}
for _name, _value in _QUIET.items():
    os.environ.setdefault(_name, _value)

# Half of a short stage is importing: of what modules make hardly anything is garbage, looked for at every 700 objects.
gc.set_threshold(100_000)

STUDIES = Path("data/.studies")  # no output, which DVC deletes before a stage runs: a killed study resumes


def run(main: Callable[..., Any]) -> None:
    """Call a stage with the command line's words; what the user can mend is said in a sentence, exit status 1."""
    from ticket_triage.files import TriageError

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    warnings.filterwarnings(
        "ignore", module=r"(mlflow|great_expectations|evidently|bentoml|fs|pkg_resources)"
    )
    try:
        main(*sys.argv[1:])
    except (TriageError, OSError) as error:
        sys.exit(f"{Path(sys.argv[0]).stem}: {error}")


def say(line: str, seconds: float | None = None) -> None:
    """Print what a stage did, in a line."""
    print(f"  {line}" + (f" ({seconds:.0f} s)" if seconds is not None else ""), flush=True)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int, float], None]]:
    """A bar on a terminal, silence elsewhere; yields a function of (done, best so far or NaN)."""
    if not sys.stderr.isatty():
        yield lambda done, best: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done, best: bar.update(
            task, completed=done, description=what if best != best else f"{what} best {best:.3f}"
        )
