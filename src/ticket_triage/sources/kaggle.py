"""The data set as Kaggle publishes it: downloaded once, and held against the checksum that was expected."""

import logging
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import yaml

from ticket_triage.files import TriageError

log = logging.getLogger(__name__)

_SECONDS = 10


def pointer(path: Path) -> dict[str, str]:
    """The pointer file's `dataset` (owner/name), `file` in it and expected `sha256`.

    Raises:
        TriageError: it is missing or holds other keys.
    """
    try:
        value: Any = yaml.safe_load(Path(path).read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise TriageError(f"cannot read {path}: {' '.join(str(error).split())}") from error
    keys = {"dataset", "file", "sha256"}
    if (
        not isinstance(value, dict)
        or set(value) != keys
        or not all(isinstance(v, str) for v in value.values())
    ):
        raise TriageError(f"{path} must hold exactly the keys {', '.join(sorted(keys))}, each with a string")
    return value


def member(path: Path) -> str:
    """The name of the file that is meant, in case the data set arrives as a zip."""
    return Path(pointer(path)["file"]).name


def fetch(path: Path) -> Path:
    """Download what the pointer file names, or find it in kagglehub's cache; where it lies.

    Raises:
        TriageError: no network, no credentials, or no such file; with the steps to do it by hand.
    """
    where = pointer(path)
    import kagglehub  # only here: no other source needs it, and it takes its time

    try:
        _reach_kaggle()
        return Path(kagglehub.dataset_download(where["dataset"], path=where["file"]))
    except Exception as error:  # kagglehub lets through what requests, its own client and the disk raise
        reason = " ".join(str(error).split())[:300]
        raise TriageError(
            f"cannot download {where['dataset']} from Kaggle ({type(error).__name__}: {reason}). By hand:"
            f" download https://www.kaggle.com/datasets/{where['dataset']}, unzip it, and type"
            f" `make pipeline SOURCE=twcs TWCS=path/to/{Path(where['file']).name}`"
        ) from error


def _reach_kaggle() -> None:
    """Fail within seconds where a firewall keeps silent; Kaggle's own client would wait for minutes."""
    try:
        urlopen("https://www.kaggle.com", timeout=_SECONDS).close()  # nosec B310  # https, a fixed address
    except HTTPError:
        return  # whatever it answers, it can be reached


def check(path: Path, sha256: str) -> bool:
    """Warn unless the checksum is the one in the pointer file; whether it is.

    The figures that this project publishes are of the file with the expected checksum.
    """
    expected = pointer(path)["sha256"]
    if sha256 != expected:
        log.warning(
            "the file from Kaggle has sha256 %s, %s names %s: it is another version", sha256, path, expected
        )
    return sha256 == expected
