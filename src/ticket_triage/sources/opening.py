"""A source's file as bytes, whether it is plain, gzip or the one file in a zip."""

import gzip
import io
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa

from ticket_triage.files import TriageError


def opened(path: Path, member: str | None = None) -> pa.Buffer:
    """The bytes of a file, unpacked; a plain file is mapped into memory, not copied.

    `member` names the file meant in a zip that holds several.

    Raises:
        TriageError: it is missing, a folder, empty, damaged, or a zip of several files.
    """
    path = Path(path)
    if not path.exists():
        raise TriageError(
            f"{path} does not exist: name the file of this source in params.yaml, `ingest.sources`"
        )
    if path.is_dir():
        raise TriageError(f"{path} is a folder: name the file in it")
    try:
        if path.stat().st_size == 0:
            raise TriageError(f"{path} is empty")
        with path.open("rb") as stream:
            magic = stream.read(4)
        if magic[:2] == b"\x1f\x8b":
            data = pa.py_buffer(gzip.decompress(path.read_bytes()))
        elif magic == b"PK\x03\x04":
            data = pa.py_buffer(_only_file(path, member))
        else:
            data = pa.memory_map(str(path)).read_buffer()
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
        raise TriageError(f"cannot read {path}: {error}") from error  # RuntimeError: the zip wants a password
    if not data.size:
        raise TriageError(f"{path} holds an empty file")
    if data[:2].to_pybytes() in (b"\xff\xfe", b"\xfe\xff"):
        raise TriageError(f"{path} is UTF-16: save it as UTF-8")
    return data


def _only_file(path: Path, member: str | None) -> bytes:
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        names = [
            name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")
        ]
        names = [name for name in names if name == member or Path(name).name == member] or names
        if len(names) != 1:
            raise TriageError(
                f"{path} holds {len(names)} files ({', '.join(names[:5])}), one is expected: unzip it"
            )
        return archive.read(names[0])
