"""Every source lands as the same files, in the same bytes each time, all of them or none."""

import gzip
import json
import zipfile
from pathlib import Path

import pytest
from twcs_files import HEADER, tweet

from ticket_triage import params, sources
from ticket_triage.files import TriageError, read_json, read_table, sha256
from ticket_triage.schema import GOLD_COLUMNS, HINDSIGHT_COLUMNS, TICKET_COLUMNS

ROOT = Path(__file__).parent.parent
ROWS = [
    HEADER,
    tweet(1, "115", "@Acme help"),
    tweet(2, "Acme", "@115 how?", 1, at="10:05:00"),
    tweet(3, "116", "hi"),
]
FILES = ["gold.parquet", "hindsight.parquet", "raw.parquet", "receipt.json", "tickets.parquet"]


def _twcs(path: Path) -> params.Twcs:
    return params.Twcs(kind="twcs", path=str(path))


def _file(folder: Path) -> Path:
    path = folder / "twcs.csv"
    path.write_text("\n".join(ROWS) + "\n")
    return path


def test_the_files_their_columns_and_the_receipt(tmp_path: Path) -> None:
    path = _file(tmp_path)
    receipt = sources.ingest("t", _twcs(path), tmp_path / "out")
    assert sorted(child.name for child in (tmp_path / "out").iterdir()) == FILES
    assert list(read_table(tmp_path / "out/raw.parquet")) == HEADER.split(",")
    assert list(read_table(tmp_path / "out/tickets.parquet")) == list(TICKET_COLUMNS)
    assert list(read_table(tmp_path / "out/hindsight.parquet")) == list(HINDSIGHT_COLUMNS)
    assert list(read_table(tmp_path / "out/gold.parquet")) == ["ticket_id", *GOLD_COLUMNS]
    assert receipt == read_json(tmp_path / "out/receipt.json")
    assert receipt["input_sha256"] == sha256(path)
    assert (receipt["rows"], receipt["tickets"], receipt["gold"]) == (3, 2, 0)
    assert str(tmp_path) not in json.dumps(receipt)


def test_gzip_and_zip_land_alike(tmp_path: Path) -> None:
    path = _file(tmp_path)
    (tmp_path / "twcs.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.write(path, "twcs/twcs.csv")
    found = set()
    for name in ("twcs.csv", "twcs.csv.gz", "archive.zip"):
        sources.ingest("t", _twcs(tmp_path / name), tmp_path / "out")
        found.add(tuple(sha256(tmp_path / "out" / part) for part in FILES if part.endswith(".parquet")))
    assert len(found) == 1


def test_generated_tickets_bring_their_own_gold_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    source = params.Sample(kind="sample", path=str(ROOT / "data/phrases.yaml"), tickets=300, gold=40, seed=3)
    receipt = sources.ingest("sample", source, tmp_path / "one")
    sources.ingest("sample", source, tmp_path / "two")
    assert sha256(tmp_path / "one") == sha256(tmp_path / "two")
    tickets, gold = (read_table(tmp_path / "one" / f"{part}.parquet") for part in ("tickets", "gold"))
    assert (len(tickets), len(gold)) == (receipt["tickets"], receipt["gold"]) == (300, 40)
    known = tickets.set_index("ticket_id").loc[gold["ticket_id"], "text_key"]
    assert known.tolist() == gold["text_key"].tolist()


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = _file(tmp_path)
    sources.ingest("t", _twcs(path), tmp_path / "out")
    before = sha256(tmp_path / "out")
    path.write_text(HEADER + "\n" + tweet(1, "Acme", "no ticket") + "\n")
    with pytest.raises(TriageError, match="holds no ticket"):
        sources.ingest("t", _twcs(path), tmp_path / "out")
    with pytest.raises(TriageError, match="does not exist"):
        sources.ingest("t", _twcs(tmp_path / "none.csv"), tmp_path / "out")
    assert sha256(tmp_path / "out") == before
    assert sorted(child.name for child in tmp_path.iterdir()) == ["out", "twcs.csv"]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TriageError, match=r"cannot write .*out"):
        sources.ingest("t", _twcs(_file(tmp_path)), tmp_path / "file" / "out")
