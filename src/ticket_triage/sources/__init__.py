"""Where tickets come from: whatever a source looks like, it lands as the same files."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ticket_triage import params
from ticket_triage.files import atomic, sha256, write_json
from ticket_triage.sources import kaggle, landing, reading, sample, table, twcs
from ticket_triage.sources.landing import Landed
from ticket_triage.sources.reading import Rows


def ingest(name: str, source: params.Source, out: Path) -> dict[str, Any]:
    """Land a source in the folder `out`; the receipt is returned and written beside the tables.

    raw.parquet has the source's own columns as strings, without blank rows; tickets, hindsight and gold have
    the columns of `schema`. Gold is the source's own only: a file of keys and labels is joined later.

    Raises:
        TriageError: the source cannot be had, lacks a column or holds no ticket; `out` stays as it was.
    """
    path = Path(source.path)
    if isinstance(source, params.Kaggle):
        path = kaggle.fetch(path)
    with _steady_memory(), atomic(Path(out)) as folder, ThreadPoolExecutor(2) as pool:
        rows, land = _open(name, source, path)
        folder.mkdir()
        writing = [pool.submit(landing.write, folder / "raw.parquet", rows.table)]
        digest = pool.submit(sha256, path)
        landed = land()
        for part in ("tickets", "hindsight", "gold"):
            writing.append(pool.submit(landing.write, folder / f"{part}.parquet", getattr(landed, part)))
        for written in writing:
            written.result()
        receipt = {
            "source": name,
            "kind": source.kind,
            "input_sha256": digest.result(),
            **rows.counts,
            **landed.counts,
            "tickets": landed.tickets.num_rows,
            "gold": landed.gold.num_rows,
        }
        if isinstance(source, params.Kaggle):
            kaggle.check(Path(source.path), receipt["input_sha256"])
        write_json(folder / "receipt.json", receipt)
    return receipt


@contextmanager
def _steady_memory() -> Iterator[None]:
    """Arrow's usual allocator hands memory back at once; a busy machine is slow to give it again."""
    usual = pa.default_memory_pool()
    if "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(usual)


def _open(name: str, source: params.Source, path: Path) -> tuple[Rows, Callable[[], Landed]]:
    """The rows of a source, and what makes tickets of them."""
    if isinstance(source, params.Csv):
        rows = table.read(path)
        table.check_columns(path, source.columns, rows.table.column_names)
        return rows, partial(table.land, name, rows.table, source.columns)
    if isinstance(source, params.Sample):
        tweets, gold = sample.generate(path, source.tickets, source.gold, source.seed)
        cells = pa.Table.from_pandas(tweets, preserve_index=False).replace_schema_metadata(None)
        strings = [
            pc.if_else(pc.equal(cells[column], ""), None, cells[column]) for column in cells.column_names
        ]
        rows = reading.without_blank(path, pa.table(strings, names=cells.column_names))
        labels = landing.own_gold(name, gold)
        return rows, lambda: replace(twcs.land(name, rows.table), gold=labels)
    rows = reading.read_csv(path, kaggle.member(Path(source.path)) if source.kind == "kaggle" else None)
    twcs.check_columns(path, rows.table.column_names)
    return rows, partial(twcs.land, name, rows.table)
