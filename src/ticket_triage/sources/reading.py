"""CSV as an Arrow table of strings, whatever is wrong with it: faults are mended or left out, and counted."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from ticket_triage.files import TriageError
from ticket_triage.sources.opening import opened

# Two code points that Unicode keeps out of texts for ever stand in for what Arrow cannot be given.
_RETURN = "\U0010fffe"
_UNDECODABLE = "\U0010ffff"
_PIECE = 1 << 24
_MARK = "ticket_triage.mark"


def _marked(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\N{REPLACEMENT CHARACTER}" + _UNDECODABLE, error.end


codecs.register_error(_MARK, _marked)


@dataclass(frozen=True)
class Rows:
    """Rows as the file has them: strings, missing where a cell is empty; and the counts of what was wrong."""

    table: pa.Table
    counts: dict[str, int]


def read_csv(path: Path, member: str | None = None) -> Rows:
    """Read a CSV file with a header, its cells as strings; commas, semicolons or tabs between them.

    Blank rows and rows of another number of cells than the header are left out and counted; bytes that are
    not UTF-8 become U+FFFD, and the rows that had some are counted. Memory: about twice the file.

    Raises:
        TriageError: there is no such file, it has no header, or most of its rows are broken.
    """
    data = opened(path, member)
    names, delimiter = _header(path, data)
    try:
        try:
            table, broken = _parsed(data, names, delimiter, otherwise="error")
            undecodable = 0
        except pa.ArrowInvalid:
            table, broken = _parsed(_mended(data), names, delimiter, otherwise="skip")
            table, undecodable = _restored(table)
    except pa.ArrowInvalid as error:
        raise TriageError(f"cannot read {path} as CSV: {error}") from error
    return without_blank(path, table, broken, undecodable)


def without_blank(path: Path, table: pa.Table, broken: int = 0, undecodable: int = 0) -> Rows:
    """The rows with a value in any column, and the counts.

    Raises:
        TriageError: none is left, or more were broken than not.
    """
    rows = table.num_rows
    if table.num_columns and table.column(0).null_count:  # else no row can be blank
        filled = reduce(pc.or_, (pc.is_valid(column) for column in table.columns))
        table = table.filter(filled)
    if broken > table.num_rows:
        raise TriageError(
            f"{path}: {broken} of {broken + rows} rows have another number of cells than the header's"
            f" {table.num_columns} ({', '.join(table.column_names)[:200]})"
        )
    if not table.num_rows:
        raise TriageError(f"{path} has no rows below its header")
    counts = {
        "rows": rows + broken,
        "blank_rows": rows - table.num_rows,
        "broken_rows": broken,
        "undecodable_rows": undecodable,
    }
    return Rows(table, counts)


def _header(path: Path, data: pa.Buffer) -> tuple[list[str], str]:
    head = data[: 1 << 16].to_pybytes().decode("utf-8-sig", errors="replace")
    first = head.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    names = next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), [])
    if not any(names):
        raise TriageError(f"{path} has no header: its first line must name the columns")
    if len(first) == len(head):
        raise TriageError(f"{path} has no rows below its header")
    names = [name or f"column {place}" for place, name in enumerate(names, 1)]  # as sheets export them
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TriageError(f"{path} has more than one column {twice[0]!r}")
    return names, delimiter


def _parsed(data: pa.Buffer, names: list[str], delimiter: str, otherwise: str) -> tuple[pa.Table, int]:
    broken: list[int] = []

    def unlike_header(row: pyarrow.csv.InvalidRow) -> str:
        broken.append(row.actual_columns)
        return otherwise

    table = pyarrow.csv.read_csv(
        pa.BufferReader(data),
        read_options=pyarrow.csv.ReadOptions(column_names=names, skip_rows_after_names=1),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,  # they become rows without a value, and are counted as such
            invalid_row_handler=unlike_header,
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()),
            null_values=[""],  # alone: NA and null are words too
            strings_can_be_null=True,
        ),
    )
    return table, len(broken)


def _mended(data: pa.Buffer) -> pa.Buffer:
    """Stand-ins for undecodable bytes and for lone carriage returns, which unquoted would end a row."""
    joined = re.sub(rb"\r(?!\n)", _RETURN.encode(), data.to_pybytes())
    return pa.py_buffer(b"".join(_decodable(joined)))


def _decodable(data: bytes) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors=_MARK)
    for start in range(0, len(data), _PIECE):
        yield decoder.decode(data[start : start + _PIECE], final=start + _PIECE >= len(data)).encode()


def _restored(table: pa.Table) -> tuple[pa.Table, int]:
    """Stand-ins taken back, and in how many rows bytes could not be decoded."""
    undecodable = reduce(
        pc.or_, (pc.fill_null(pc.match_substring(column, _UNDECODABLE), False) for column in table.columns)
    )
    columns = [
        pc.replace_substring(pc.replace_substring(column, _UNDECODABLE, ""), _RETURN, "\r")
        for column in table.columns
    ]
    return pa.table(columns, names=table.column_names), pc.sum(undecodable).as_py() or 0
