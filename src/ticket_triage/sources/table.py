"""A team's own tickets: any table with a text, and a map from its columns to ours."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ticket_triage import params, schema
from ticket_triage.files import TriageError
from ticket_triage.sources import dates, landing, reading
from ticket_triage.sources.history import earlier_tickets
from ticket_triage.sources.keys import text_keys
from ticket_triage.sources.landing import Landed
from ticket_triage.sources.opening import opened
from ticket_triage.sources.reading import Rows

_Cells = dict[str, pa.ChunkedArray]


def read(path: Path) -> Rows:
    """Read CSV, JSON lines (either also as gzip or zip) or parquet, by the file's name; cells become strings.

    Raises:
        TriageError: there is no such file, it is of another kind, or most of its rows are broken.
    """
    ending = next((part for part in reversed(path.suffixes) if part not in (".gz", ".zip")), "")
    if ending == ".parquet":
        return _parquet(path)
    if ending in (".jsonl", ".ndjson"):
        return _json_lines(path)
    return reading.read_csv(path)


def check_columns(path: Path, columns: params.Columns, names: list[str]) -> None:
    """Refuse a file without a column that the map names.

    Raises:
        TriageError: it lacks one; both sides of the map and the columns that there are, are named.
    """
    for ours, theirs in columns.model_dump(exclude_none=True).items():
        if theirs not in names:
            there_are = ", ".join(names)[:500]
            raise TriageError(
                f"{path} has no column {theirs!r}, named by `columns.{ours}`; it has {there_are}"
            )


def land(name: str, rows: pa.Table, columns: params.Columns) -> Landed:
    """Every row with a text is a ticket; its category and priority, where it has them, are its gold label.

    Where there is no id, a row's number is the id. Rows without a text, and those with an id seen before, are
    in no ticket and are counted, as are dates that cannot be read.

    Raises:
        TriageError: there is no ticket, no date can be read, or a priority is not low, medium or high.
    """
    cells = {ours: _stripped(rows[theirs]) for ours, theirs in columns.model_dump(exclude_none=True).items()}
    own = _ids(cells.get("id"), rows.num_rows)
    written = cells["text"].is_valid().to_numpy()
    repeated = pd.Series(own.to_pylist(), dtype="str").where(written).duplicated().to_numpy() & written
    at = pa.array(np.flatnonzero(written & ~repeated))
    if not len(at):
        raise TriageError(f"source {name!r} holds no ticket: column {columns.text!r} has no text in it")
    cells = {ours: column.take(at) for ours, column in cells.items()}
    texts = rows[columns.text].take(at).combine_chunks()
    ticket: _Cells = {
        ours: cells[ours] for ours in ("subject", "channel", "customer", "tier") if ours in cells
    }
    ticket |= {
        "ticket_id": landing.joined(f"{name}:", own.take(at)),
        "source": pa.repeat(name, len(at)),
        "text": texts,
        "text_key": text_keys(texts),
    }
    unparsable = 0
    for ours in ("created_at", "received_at"):
        if ours in cells:
            times = dates.parse(cells[ours])
            unparsable += _unparsable(cells[ours], times, f"{name}: column {getattr(columns, ours)!r}")
            ticket[ours] = pa.array(times)
            if ours == "created_at" and "customer" in cells:
                ticket["earlier_tickets"] = earlier_tickets(cells["customer"], times)
    counts = {
        "rows_without_text": int((~written).sum()),
        "duplicate_ids": int(repeated.sum()),
        "unparsable_dates": unparsable,
    }
    return Landed(
        landing.table(ticket, landing.TICKETS, len(at)),
        landing.table({"ticket_id": ticket["ticket_id"]}, landing.HINDSIGHT, len(at)),
        _gold(cells, ticket, at, columns),
        counts,
    )


def _stripped(column: pa.ChunkedArray) -> pa.ChunkedArray:
    plain = pc.utf8_trim_whitespace(column.cast(pa.large_string()))
    return pc.if_else(pc.equal(plain, ""), None, plain)


def _ids(column: pa.ChunkedArray | None, rows: int) -> pa.ChunkedArray:
    """Ids as given; if all are whole numbers, `3.0` is 3. The row's number, from 1, where there is none."""
    numbers = pa.chunked_array([pa.array(range(1, rows + 1)).cast(pa.large_string())])
    if column is None:
        return numbers
    if pc.all(pc.match_substring_regex(column, r"^\d+(\.0+)?$")).as_py():
        column = pc.replace_substring_regex(column, r"\.0+$", "")
    return pc.if_else(column.is_valid(), column, landing.joined("row-", numbers))


def _unparsable(texts: pa.ChunkedArray, times: dates.Times, where: str) -> int:
    given = texts.is_valid().to_numpy()
    lost = given & np.isnat(times)
    if lost.any() and lost.sum() == given.sum():
        first = texts[int(lost.argmax())].as_py()[:40]
        raise TriageError(
            f"{where} holds no date that can be read: {first!r}; write it as 2017-10-31T22:10:47Z"
        )
    return int(lost.sum())


def _gold(cells: _Cells, ticket: _Cells, at: pa.Array, columns: params.Columns) -> pa.Table:
    labels = {task: cells[task] for task in ("category", "priority") if task in cells}
    if not labels:
        return landing.GOLD.empty_table()
    if "priority" in labels:
        labels["priority"] = pc.utf8_lower(labels["priority"])
        known = pc.is_in(labels["priority"], pa.array((*schema.PRIORITIES, None), pa.large_string()))
        if not pc.all(known).as_py():
            wrong = known.to_pylist().index(False)
            raise TriageError(
                f"row {at[wrong].as_py() + 1}: priority {cells['priority'][wrong].as_py()!r} in column"
                f" {columns.priority!r} is none of {', '.join(schema.PRIORITIES)}"
            )
    gold = labels | {
        "ticket_id": ticket["ticket_id"],
        "text_key": ticket["text_key"],
        "passes": pa.repeat(1, len(at)),
    }
    labelled = [column.is_valid() for column in labels.values()]
    return landing.table(gold, landing.GOLD, len(at)).filter(
        labelled[0] if len(labelled) == 1 else pc.or_(*labelled)
    )


def _parquet(path: Path) -> Rows:
    try:
        cells = pq.read_table(pa.BufferReader(opened(path)))
    except pa.ArrowInvalid as error:
        raise TriageError(f"cannot read {path} as parquet: {error}") from error
    columns = {name: _strings(cells[name]) for name in cells.column_names}
    return reading.without_blank(path, pa.table(columns))


def _strings(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # lists and structs have no string of their own
        texts = [None if value is None else json.dumps(value, default=str) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.large_string())])


def _json_lines(path: Path) -> Rows:
    records, broken = [], 0
    text = opened(path).to_pybytes().decode("utf-8-sig", errors="replace").removesuffix("\n")
    for line in text.split("\n"):
        try:
            record = json.loads(line) if line.strip() else {}
        except ValueError:
            record = None
        if isinstance(record, dict):
            records.append(record)
        else:
            broken += 1
    names = dict.fromkeys(name for record in records for name in record)
    columns = {
        name: pa.array([_string(record.get(name)) for record in records], pa.large_string()) for name in names
    }
    return reading.without_blank(path, pa.table(columns), broken)


def _string(value: object) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
