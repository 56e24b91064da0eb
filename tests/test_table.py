"""A team's own table through a column map, in every format; its labels are its gold."""

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ticket_triage import params, sources
from ticket_triage.files import TriageError, read_table, text_key
from ticket_triage.schema import GOLD_COLUMNS, HINDSIGHT_COLUMNS, TICKET_DTYPES

ROWS: list[dict[str, Any]] = [
    {
        "No": 7,
        "Body": "My card was stolen ",
        "When": "2024-05-01 10:00",
        "Who": "ann",
        "Kind": "card",
        "How": "High",
    },
    {
        "No": 8,
        "Body": "Where is my card?",
        "When": "2024-05-02T10:00:00Z",
        "Who": "ann",
        "Kind": "delivery",
        "How": None,
    },
    {"No": 9, "Body": "  ", "When": "2024-05-03", "Who": "bob", "Kind": "card", "How": "low"},
    {"No": 10, "Body": "Hallo, müde?", "When": "03/04/2024", "Who": None, "Kind": None, "How": None},
    {"No": 8, "Body": "an id again", "When": None, "Who": "bob", "Kind": "card", "How": "low"},
]
MAP = {
    "text": "Body",
    "id": "No",
    "created_at": "When",
    "customer": "Who",
    "category": "Kind",
    "priority": "How",
}


def _land(path: Path, **columns: str) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    source = params.Csv(kind="csv", path=str(path), columns=params.Columns(**columns))
    receipt = sources.ingest("own", source, path.parent / "own")
    return {part.stem: read_table(part) for part in (path.parent / "own").glob("*.parquet")}, receipt


def _csv(path: Path, rows: list[dict[str, Any]] = ROWS) -> Path:
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def _write(path: Path) -> Path:
    if path.suffix == ".parquet":
        pd.DataFrame(ROWS).to_parquet(path)
        return path
    text = pd.DataFrame(ROWS).to_csv(index=False)
    if ".jsonl" in path.suffixes:
        text = "\n".join(json.dumps(row) for row in ROWS)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.jsonl", "t.jsonl.gz", "t.parquet"])
def test_every_format_lands_alike(tmp_path: Path, name: str) -> None:
    tables, receipt = _land(_write(tmp_path / name), **MAP)
    tickets, gold = tables["tickets"], tables["gold"]
    assert tickets["ticket_id"].tolist() == ["own:7", "own:8", "own:10"]
    assert tickets["text"].tolist() == ["My card was stolen ", "Where is my card?", "Hallo, müde?"]
    assert tickets["text_key"].tolist() == [text_key(text) for text in tickets["text"]]
    assert tickets["created_at"].dt.day.fillna(0).tolist() == [1, 2, 0]
    assert tickets["earlier_tickets"].fillna(-1).tolist() == [0, 1, -1]
    assert gold[["ticket_id", "category", "passes"]].values.tolist() == [
        ["own:7", "card", 1],
        ["own:8", "delivery", 1],
    ]
    assert gold["priority"].fillna("-").tolist() == ["high", "-"]
    assert gold["text_key"].tolist() == tickets["text_key"].tolist()[:2]
    assert gold[["second_category", "sentiment", "language"]].isna().all(axis=None)
    counted = {
        "rows": 5,
        "rows_without_text": 1,
        "duplicate_ids": 1,
        "unparsable_dates": 1,
        "tickets": 3,
        "gold": 2,
    }
    assert {key: receipt[key] for key in counted} == counted
    assert list(tables["raw"]) == list(ROWS[0])
    assert len(tables["raw"]) == 5


def test_a_text_is_enough(tmp_path: Path) -> None:
    tables, _ = _land(_csv(tmp_path / "t.csv", [{"t": "one"}, {"t": "two"}]), text="t")
    assert tables["tickets"]["ticket_id"].tolist() == ["own:1", "own:2"]
    assert {name: str(dtype) for name, dtype in tables["tickets"].dtypes.items()} == TICKET_DTYPES
    assert list(tables["hindsight"]) == list(HINDSIGHT_COLUMNS)
    assert tables["hindsight"].drop(columns="ticket_id").isna().all(axis=None)
    assert tables["gold"].empty
    assert list(tables["gold"]) == ["ticket_id", *GOLD_COLUMNS]


def test_ids_that_became_floats_and_rows_without_one(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("i,t\n3.0,a\n4,b\n,c\n,d\n")
    tables, _ = _land(tmp_path / "t.csv", text="t", id="i")
    assert tables["tickets"]["ticket_id"].tolist() == ["own:3", "own:4", "own:row-3", "own:row-4"]
    (tmp_path / "t.csv").write_text("i,t\nv1.0,a\nv2,b\n")
    tables, _ = _land(tmp_path / "t.csv", text="t", id="i")
    assert tables["tickets"]["ticket_id"].tolist() == ["own:v1.0", "own:v2"]


def test_without_dates_earlier_tickets_are_not_known(tmp_path: Path) -> None:
    tables, _ = _land(_csv(tmp_path / "t.csv"), text="Body", customer="Who")
    assert tables["tickets"]["earlier_tickets"].isna().all()


def test_nested_values_and_broken_lines(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(
        '{"t": "one", "tags": ["a"], "n": 1}\n\nnot json\n{"t": "two", "n": true}\n'
    )
    tables, receipt = _land(tmp_path / "t.jsonl", text="t")
    assert tables["raw"].fillna("-").values.tolist() == [["one", '["a"]', "1"], ["two", "-", "true"]]
    assert (receipt["rows"], receipt["broken_rows"]) == (4, 1)


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = _csv(tmp_path / "t.csv")
    with pytest.raises(
        TriageError, match=r"no column 'Tier', named by `columns\.tier`; it has No, Body, When"
    ):
        _land(path, text="Body", tier="Tier")
    assert not (tmp_path / "own").exists()


def test_a_priority_that_nobody_knows_is_named_with_its_row(tmp_path: Path) -> None:
    path = _csv(tmp_path / "t.csv", [{"t": "a", "p": "low"}, {"t": None, "p": "x"}, {"t": "b", "p": "P1"}])
    with pytest.raises(TriageError, match="row 3: priority 'P1' in column 'p' is none of low, medium, high"):
        _land(path, text="t", priority="p")


def test_a_column_of_dates_that_are_none_is_refused(tmp_path: Path) -> None:
    path = _csv(tmp_path / "t.csv", [{"t": "a", "d": "1/2/24"}, {"t": "b", "d": "3/4/24"}])
    with pytest.raises(
        TriageError, match="own: column 'd' holds no date that can be read: '1/2/24'; write it as 2017"
    ):
        _land(path, text="t", created_at="d")


def test_a_table_without_texts_is_refused(tmp_path: Path) -> None:
    path = _csv(tmp_path / "t.csv", [{"t": " ", "n": 1}])
    with pytest.raises(TriageError, match="source 'own' holds no ticket: column 't' has no text in it"):
        _land(path, text="t")


def test_a_damaged_parquet_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(TriageError, match=r"cannot read .*t\.parquet as parquet"):
        _land(tmp_path / "t.parquet", text="t")
