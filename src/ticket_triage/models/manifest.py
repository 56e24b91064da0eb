"""The manifest of a model's folder: the hash of every file, checked before any is opened."""

from pathlib import Path

from ticket_triage.files import TriageError, read_json, sha256, write_json

NAME = "manifest.json"


def write(folder: Path) -> None:
    """List the files that are in the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    write_json(folder / NAME, {path.relative_to(folder).as_posix(): sha256(path) for path in files})


def check(folder: Path, only: str | None = None) -> None:
    """Nothing, if every file, or `only` one, is as it was when the manifest was written.

    Raises:
        TriageError: a file is missing or was changed.
    """
    listed = read_json(folder / NAME)
    for name, expected in listed.items() if only is None else [(only, listed.get(only))]:
        path = folder / name
        if not path.is_file():
            raise TriageError(f"the model in {folder} is not whole: {name} is missing")
        if sha256(path) != expected:
            raise TriageError(f"the model in {folder} was changed: {name} has another hash than its manifest")
