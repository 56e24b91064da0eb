import gzip
import io
import json
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ticket_triage.files import TriageError
from ticket_triage.serving.sheets import writing

FIRST = {
    "id": ["1", "2"],
    "category": ["billing", None],
    "category_confidence": [0.83, None],
    "review_reasons": [["too short", "not sure"], []],
    "reasons": [[{"task": "category", "feature": "ré", "kind": "text", "weight": 0.4}], []],
}
SECOND = {**{name: [None] for name in FIRST}, "id": ["3"], "category": ['a "b"\nc']}


def write(path: Path | str, form: str, types=None) -> None:
    with writing(str(path), form, tuple(FIRST), types or {}) as append:
        append(FIRST)
        append(SECOND)


def test_csv(tmp_path):
    write(tmp_path / "o.csv", "csv")
    frame = pd.read_csv(tmp_path / "o.csv", dtype="str", keep_default_na=False)
    assert frame["category"].tolist() == ["billing", "", 'a "b"\nc']
    assert frame["category_confidence"].tolist() == ["0.83", "", ""]
    assert frame["review_reasons"].tolist() == ["too short; not sure", "", ""]
    assert json.loads(frame["reasons"][0]) == FIRST["reasons"][0]


def test_json_lines(tmp_path):
    write(tmp_path / "o.jsonl", "jsonl")
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text("utf-8").splitlines()]
    assert rows[0] == {name: values[0] for name, values in FIRST.items()}
    assert [row["id"] for row in rows] == ["1", "2", "3"]


def test_parquet_keeps_types_even_where_a_chunk_has_no_value(tmp_path):
    write(tmp_path / "o.parquet", "parquet", {"id": pa.large_string()})
    table = pq.read_table(tmp_path / "o.parquet")
    assert table.schema.field("id").type == pa.large_string()
    assert table.schema.field("category_confidence").type == pa.float64()
    assert table.column("reasons").to_pylist()[0] == FIRST["reasons"][0]
    assert table.column("review_reasons").to_pylist() == [["too short", "not sure"], [], None]


def test_gzip_holds_no_time_stamp(tmp_path):
    for name in ("a.csv.gz", "b.csv.gz"):
        write(tmp_path / name, "csv")
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()).startswith(b"id,category")


def test_standard_output_stays_open(monkeypatch):
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer))
    write("-", "csv")
    assert buffer.getvalue().startswith(b"id,category") and not buffer.closed


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_failure_leaves_what_was_there(tmp_path, form):
    path = tmp_path / f"o.{form}"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt), writing(str(path), form, tuple(FIRST), {}) as append:
        append(FIRST)
        raise KeyboardInterrupt
    assert [child.name for child in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "before"


def test_a_folder_is_never_replaced_by_a_file(tmp_path):
    (tmp_path / "kept").write_text("kept")
    with pytest.raises(TriageError, match="is a folder"):
        write(tmp_path, "csv")
    assert (tmp_path / "kept").read_text() == "kept"


def test_places_that_cannot_be_written_are_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TriageError, match="cannot write"):
        write(tmp_path / "file" / "o.csv", "csv")
    with pytest.raises(TriageError, match="give its name"):
        write("-", "parquet")
