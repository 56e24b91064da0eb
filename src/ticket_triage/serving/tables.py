"""Files of tickets, read a chunk at a time: CSV, JSON Lines, parquet, standard input."""

import csv
import gzip
import io
import itertools
import json
import sys
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, cast

from ticket_triage.files import TriageError

Format = Literal["csv", "jsonl", "parquet"]
SUFFIXES: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
PIPE = "-"
RETURN = "\ue00d"  # of a private area: stands for a carriage return while a row is taken apart
MAX_FIELD = (
    1024 * 1024
)  # characters; a longer one is a quote never closed, which would take in the whole file


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows: columns of equal length, what is wrong with each row, share of the file read."""

    columns: Mapping[str, list[Any]]
    faults: list[str | None]
    share: float | None = None

    def __len__(self) -> int:
        return len(self.faults)


@dataclass(frozen=True)
class Table:
    """A file being read: `chunks` of the columns named; `types` are those of a parquet file's columns."""

    columns: tuple[str, ...]
    chunks: Callable[[Collection[str]], Iterator[Chunk]]
    types: Mapping[str, Any] = field(default_factory=dict)


Position = Callable[[], float | None]


def format_of(place: str, other: str = PIPE) -> Format:
    """Format by the file's name; of standard input and output it is the other side's, else JSON Lines.

    Raises:
        TriageError: the name says nothing.
    """
    if place == PIPE:
        return "jsonl" if other == PIPE else format_of(other)
    name = place.lower().removesuffix(".gz")
    for suffix, form in SUFFIXES.items():
        if name.endswith(suffix):
            return form
    raise TriageError(f"cannot tell the format of {place}: name it {', '.join(SUFFIXES)}, or say --format")


@contextmanager
def reading(place: str, form: Format, rows: int) -> Iterator[Table]:
    """Open a file, or standard input for "-", to be read `rows` at a time.

    Raises:
        TriageError: it is missing, empty, damaged, or not of that format; also while it is read.
    """
    with _binary(place) as (raw, position):
        if form == "parquet":
            yield _parquet(place, raw, rows)
            return
        # A byte that is not UTF-8 spoils its character, not the file.
        stream = io.TextIOWrapper(raw, "utf-8-sig", errors="replace", newline="\n")
        yield (_csv if form == "csv" else _jsonl)(place, stream, position, rows)


@contextmanager
def _binary(place: str) -> Iterator[tuple[IO[bytes], Position]]:
    if place == PIPE:
        yield sys.stdin.buffer, lambda: None
        return
    with _readable(place):
        size = Path(place).stat().st_size
        raw = Path(place).open("rb")  # noqa: SIM115 (closed below; only its opening is to be explained)
    with raw:
        packed = place.lower().endswith(".gz")
        yield cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if packed else raw, lambda: raw.tell() / (size or 1)


@contextmanager
def _readable(place: str, line: Callable[[], int] = lambda: 0) -> Iterator[None]:
    try:
        yield
    except csv.Error as error:
        raise TriageError(f"{place}, line {line()}: {error}; is a quote missing?") from error
    except (OSError, EOFError, zlib.error) as error:
        raise TriageError(f"cannot read {place}: {getattr(error, 'strerror', None) or error}") from error
    except ValueError as error:  # what pyarrow's own errors are
        raise TriageError(f"{place} is damaged, or not parquet") from error


def _csv(place: str, stream: IO[str], position: Position, rows: int) -> Table:
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(map(_line, stream))

    def take(count: int) -> list[list[str]]:
        with _readable(place, lambda: reader.line_num):
            return [list(map(_field, row)) for row in itertools.islice(filter(None, reader), count)]

    header = take(1)
    if not header:
        raise TriageError(f"{place} is empty")
    names = tuple(header[0])

    def chunks(wanted: Collection[str]) -> Iterator[Chunk]:
        while batch := take(rows):
            faults = [_width_fault(row, len(names)) for row in batch]
            columns = list(itertools.zip_longest(*batch, fillvalue=""))
            columns += [("",) * len(batch)] * (len(names) - len(columns))
            named = zip(names, columns, strict=False)
            yield Chunk({name: list(column) for name, column in named if name in wanted}, faults, position())

    return Table(names, chunks)


def _line(line: str) -> str:
    # A text may hold a carriage return that its writer did not quote, as pandas does not; it ends no row.
    if "\r" not in line:
        return line
    return (f"{line[:-2]}\n" if line.endswith("\r\n") else line).replace("\r", RETURN)


def _field(field: str) -> str:
    return field.replace(RETURN, "\r") if RETURN in field else field


def _width_fault(row: list[str], width: int) -> str | None:
    # Too few fields are missing values; too many mean that a text was cut at an unquoted comma.
    return None if len(row) <= width else f"{len(row)} fields where the header has {width}"


def _jsonl(place: str, stream: IO[str], position: Position, rows: int) -> Table:
    lines = filter(str.strip, stream)

    def take() -> tuple[list[dict[str, Any]], list[str | None]]:
        with _readable(place):
            parsed = [_object(line) for line in itertools.islice(lines, rows)]
        return [row for row, _ in parsed], [fault for _, fault in parsed]

    first = take()
    if not first[0]:
        raise TriageError(f"{place} is empty")
    names = tuple(dict.fromkeys(name for row in first[0] for name in row))
    if not names:
        raise TriageError(f"{place} holds no JSON objects, one on a line: if it is CSV, say --format csv")

    def chunks(wanted: Collection[str]) -> Iterator[Chunk]:
        batch, faults = first
        while batch:
            columns = {name: [row.get(name) for row in batch] for name in names if name in wanted}
            yield Chunk(columns, faults, position())
            batch, faults = take()

    return Table(names, chunks)


def _object(line: str) -> tuple[dict[str, Any], str | None]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}, "the line is not JSON"
    return (row, None) if isinstance(row, dict) else ({}, "the line is not a JSON object")


def _parquet(place: str, raw: IO[bytes], rows: int) -> Table:
    # Not in the serving environment, and half a second to import.
    import pyarrow.parquet as pq

    if place == PIPE:
        raise TriageError("parquet is read from its end: give the file's name, not -")
    with _readable(place):
        file = pq.ParquetFile(raw)
    schema = file.schema_arrow

    def chunks(wanted: Collection[str]) -> Iterator[Chunk]:
        batches = file.iter_batches(rows, columns=[name for name in schema.names if name in wanted])
        done = 0
        while True:
            with _readable(place):
                batch = next(batches, None)
            if batch is None:
                return
            done += len(batch)
            yield Chunk(batch.to_pydict(), [None] * len(batch), done / file.metadata.num_rows)

    return Table(tuple(schema.names), chunks, dict(zip(schema.names, schema.types, strict=True)))
