"""The files in which every source lands, in the types of `schema`."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ticket_triage import schema

_GOLD_DTYPES = {"ticket_id": "str"} | dict.fromkeys(schema.GOLD_COLUMNS, "str") | {"passes": "Int32"}


def _arrow(dtypes: dict[str, str]) -> pa.Schema:
    """An Arrow schema that pandas reads back as exactly `dtypes`."""
    return pa.Schema.from_pandas(
        pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in dtypes.items()})
    )


TICKETS = _arrow(schema.TICKET_DTYPES)
HINDSIGHT = _arrow(schema.HINDSIGHT_DTYPES)
GOLD = _arrow(_GOLD_DTYPES)


@dataclass(frozen=True)
class Landed:
    """A source in the house's shape, and the counts of what was wrong with it."""

    tickets: pa.Table
    hindsight: pa.Table
    gold: pa.Table
    counts: dict[str, int]


def table(columns: dict[str, pa.Array | pa.ChunkedArray], shape: pa.Schema, rows: int) -> pa.Table:
    """Arrays as a table of that shape; a column that is not given is missing throughout."""
    filled = [
        columns[field.name].cast(field.type) if field.name in columns else pa.nulls(rows, field.type)
        for field in shape
    ]
    return pa.table(filled, schema=shape)


def joined(prefix: str, strings: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Every string with the prefix before it."""
    kind = pa.large_string()
    return pc.binary_join_element_wise(pa.scalar(prefix, kind), strings.cast(kind), pa.scalar("", kind))


def write(path: Path, rows: pa.Table) -> None:
    """Write plain parquet: as fast as a disk, and the same bytes for the same rows."""
    few = [name for name in ("source", "channel", "brand", "inbound", "tier") if name in rows.column_names]
    pq.write_table(
        rows, path, compression="none", use_dictionary=few, write_statistics=False, row_group_size=1 << 18
    )


def own_gold(name: str, labels: pd.DataFrame) -> pa.Table:
    """The gold table of the source `name` from labels of `tweet_id`s."""
    named = labels.assign(ticket_id=f"{name}:" + labels["tweet_id"].astype("str")).drop(columns="tweet_id")
    return pa.Table.from_pandas(
        named.astype(_GOLD_DTYPES)[list(_GOLD_DTYPES)], schema=GOLD, preserve_index=False
    )
