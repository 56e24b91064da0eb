"""Files of predictions, written a chunk at a time: CSV, JSON Lines, parquet, standard output."""

import csv
import gzip
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast

from ticket_triage.files import TriageError, atomic
from ticket_triage.serving.tables import PIPE, Format

Columns = Mapping[str, Sequence[Any]]


class Write(Protocol):
    """Appends columns of equal length, those that the file was opened with."""

    def __call__(self, columns: Columns) -> None: ...


@contextmanager
def writing(place: str, form: Format, names: Sequence[str], types: Mapping[str, Any]) -> Iterator[Write]:
    """Open a file, or standard output for "-"; the file appears only if the block succeeds.

    `names` are the columns, in their order; `types` the parquet types of those that are not ours.

    Raises:
        TriageError: it cannot be written there.
    """
    if form == "parquet" and place == PIPE:
        raise TriageError("parquet goes to a file: give its name, not -")
    if place == PIPE:
        stream = io.TextIOWrapper(
            sys.stdout.buffer, "utf-8", errors="replace", newline="", write_through=True
        )
        try:
            yield _rows(stream, form, names)
        finally:
            stream.detach()  # else it would close standard output
        return
    if Path(place).is_dir():
        raise TriageError(f"{place} is a folder: name a file in it")
    with atomic(Path(place)) as draft, draft.open("wb") as raw:
        if form == "parquet":
            with _parquet(raw, names, types) as write:
                yield write
            return
        packed = place.lower().endswith(".gz")
        # No time stamp in the file: the same predictions are the same bytes.
        binary = cast(IO[bytes], gzip.GzipFile("", "wb", fileobj=raw, mtime=0)) if packed else raw
        with io.TextIOWrapper(binary, "utf-8", errors="replace", newline="") as stream:
            yield _rows(stream, form, names)


def _rows(stream: IO[str], form: Format, names: Sequence[str]) -> Write:
    return _csv(stream, names) if form == "csv" else _jsonl(stream, names)


def _csv(stream: IO[str], names: Sequence[str]) -> Write:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)

    def write(columns: Columns) -> None:
        writer.writerows(zip(*(_cells(columns[name]) for name in names), strict=True))

    return write


def _cells(values: Sequence[Any]) -> Sequence[Any]:
    """A list in a cell: words with "; " between them, anything else as JSON."""
    if not any(isinstance(value, list) for value in values):
        return values
    return [_cell(value) if isinstance(value, list) else value for value in values]


def _cell(value: list[Any]) -> str:
    if all(isinstance(part, str) for part in value):
        return "; ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _jsonl(stream: IO[str], names: Sequence[str]) -> Write:
    encode = json.JSONEncoder(ensure_ascii=False, default=str).encode

    def write(columns: Columns) -> None:
        rows = zip(*(columns[name] for name in names), strict=True)
        stream.write("".join(f"{encode(dict(zip(names, row, strict=True)))}\n" for row in rows))

    return write


@contextmanager
def _parquet(raw: IO[bytes], names: Sequence[str], types: Mapping[str, Any]) -> Iterator[Write]:
    # Not in the serving environment, and half a second to import.
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = pa.string()
    reason = pa.struct({"task": text, "feature": text, "kind": text, "weight": pa.float64()})
    neighbour = pa.struct(
        {
            **dict.fromkeys(("key", "category", "priority", "excerpt"), text),
            "similarity": pa.float64(),
        }
    )
    effect = pa.struct({"task": text, "word": text, "change": pa.float64()})
    ours = {
        "category_confidence": pa.float64(),
        "priority_confidence": pa.float64(),
        **dict.fromkeys(("category_set", "priority_set", "review_reasons", "escalation"), pa.list_(text)),
        "degraded": pa.bool_(),
        "reasons": pa.list_(reason),
        "neighbours": pa.list_(neighbour),
        "effects": pa.list_(effect),
        "row": pa.int64(),
    }
    schema = pa.schema([(name, types.get(name) or ours.get(name, text)) for name in names])

    def write(columns: Columns) -> None:
        arrays = [
            pa.array(_texts(columns[f.name]) if f.type == text else columns[f.name], f.type) for f in schema
        ]
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

    with pq.ParquetWriter(raw, schema) as writer:
        yield write


def _texts(values: Sequence[Any]) -> list[str | None]:
    return [None if value is None else str(value) for value in values]
