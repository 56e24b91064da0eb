"""Atomic reads and writes, content hashes, and one sentence when a file cannot be had."""

import glob
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class TriageError(Exception):
    """What went wrong and what to do about it, in a sentence meant for the user; commands print it and exit 1."""


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write a file or folder at; it takes `path`'s place only if the block succeeds.

    A killed process, a full disk or an exception leaves `path` as it was.

    Raises:
        TriageError: the disk is full or the place cannot be written, with the path in the sentence.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        room = Path(tempfile.mkdtemp(prefix=f".{path.name}.{os.getpid()}.", dir=path.parent))
    except OSError as error:
        raise TriageError(f"cannot write {path}: {error.strerror}") from error
    draft = room / path.name
    try:
        yield draft
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        os.replace(draft, path)
    except OSError as error:
        raise TriageError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _sweep(path: Path) -> None:
    """Delete drafts of `path` that killed processes left."""
    for draft in path.parent.glob(f".{glob.escape(path.name)}.*.*"):
        pid = draft.name.removeprefix(f".{path.name}.").split(".")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            shutil.rmtree(draft, ignore_errors=True)


def parse_yaml(text: str) -> Any:
    """Plain values of a YAML text, ten times as fast as PyYAML by itself where its C parser is there.

    Raises:
        yaml.YAMLError: it is none.
    """
    import yaml  # few need it

    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # nosec B506  # both are safe


def workspace() -> Path:
    """The folder whose MLflow store and Bentos belong to this run.

    That is the working folder, but for an experiment that DVC runs in a copy below `.dvc/tmp/exps` the repository
    that it was copied from: what such a run records would be deleted with the copy.
    """
    here = Path.cwd()
    for parent in (here, *here.parents):
        if parent.name == "exps" and parent.parts[-3:-1] == (".dvc", "tmp"):
            return parent.parents[2]
    return here


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys, so that equal values are equal bytes."""
    with atomic(path) as draft:
        text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        draft.write_text(text + "\n", "utf-8")


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8."""
    with atomic(path) as draft:
        draft.write_text(text, "utf-8")


def write_table(path: Path, frame: "pd.DataFrame") -> None:
    """Write a frame as parquet, without its index."""
    with atomic(path) as draft:
        frame.to_parquet(draft, index=False)


def _existing(path: Path) -> Path:
    path = Path(path)
    if not path.exists():
        raise TriageError(f"{path} does not exist: run `dvc repro`, or `dvc pull` if a remote has it")
    return path


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        TriageError: it is missing or not JSON.
    """
    try:
        return json.loads(_existing(path).read_text("utf-8"))
    except (ValueError, OSError) as error:
        raise TriageError(f"cannot read {path}: {error}") from error


def read_text(path: Path) -> str:
    """Read UTF-8 text.

    Raises:
        TriageError: it is missing or not UTF-8.
    """
    try:
        return _existing(path).read_text("utf-8")
    except (ValueError, OSError) as error:
        raise TriageError(f"cannot read {path}: {error}") from error


def read_table(path: Path, columns: list[str] | None = None) -> "pd.DataFrame":
    """Read a parquet file.

    Raises:
        TriageError: it is missing, damaged, or lacks one of `columns`.
    """
    import pandas as pd  # half a second that a server's first process, and most commands, need not wait

    try:
        return pd.read_parquet(_existing(path), columns=columns)
    except (ValueError, OSError) as error:
        raise TriageError(f"cannot read {path}: {error}") from error


def sha256(path: Path) -> str:
    """Hash of a file, or of a folder's relative names and contents, as 64 hex digits."""
    path = Path(path)
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    digest = hashlib.sha256()
    for child in sorted(child for child in path.rglob("*") if child.is_file()):
        digest.update(f"{child.relative_to(path).as_posix()}\0{sha256(child)}\n".encode())
    return digest.hexdigest()


def md5(path: Path) -> str:
    """The hash by which DVC knows a file, so that a receipt and `dvc.lock` can be held side by side."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


_URL_OR_HANDLE = re.compile(r"https?://\S+|@\w+")
_NOT_WORD = re.compile(r"\W+")


def text_key(text: str) -> str:
    """First 16 hex digits of the SHA-256 of the normalised text: joins a gold label to a ticket of any source.

    Normalised: lower case; links and handles removed; every run of non-word characters one space; stripped.
    """
    without = _URL_OR_HANDLE.sub("", text.lower())
    return hashlib.sha256(_NOT_WORD.sub(" ", without).strip().encode("utf-8", "surrogatepass")).hexdigest()[
        :16
    ]
