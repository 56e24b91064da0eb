"""Files arrive plain, as gzip or in a zip; what cannot be opened is said in a sentence."""

import gzip
import zipfile
from pathlib import Path

import pytest

from ticket_triage.files import TriageError
from ticket_triage.sources.opening import opened

TEXT = b"a,b\n1,2\n"


def _zip(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return path


def test_plain_gzip_and_zip_hold_the_same(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(TEXT)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(TEXT))
    _zip(tmp_path / "t.zip", folder__t=TEXT)
    assert {opened(tmp_path / name).to_pybytes() for name in ("t.csv", "t.csv.gz", "t.zip")} == {TEXT}


def test_the_contents_say_what_it_is_not_the_name(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(gzip.compress(TEXT))
    assert opened(tmp_path / "t.csv").to_pybytes() == TEXT


def test_a_zip_of_several_files_needs_the_name_of_the_one(tmp_path: Path) -> None:
    path = _zip(tmp_path / "t.zip", x__one=TEXT, two=b"else")
    assert opened(path, "one").to_pybytes() == TEXT
    with pytest.raises(TriageError, match=r"t\.zip holds 2 files \(x/one, two\)"):
        opened(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (gzip.compress(b"", mtime=0), "holds an empty file"),
        (gzip.compress(TEXT, mtime=0)[:-9], "cannot read .*end-of-stream"),
        (b"PK\x03\x04 and nothing more", "cannot read .*zip"),
        ("a,b\n".encode("utf-16"), "is UTF-16: save it as UTF-8"),
    ],
)
def test_what_cannot_be_opened_is_said(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(TriageError, match=sentence):
        opened(tmp_path / "t.csv")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(TriageError, match="does not exist"):
        opened(tmp_path / "none.csv")
    with pytest.raises(TriageError, match="is a folder"):
        opened(tmp_path)
