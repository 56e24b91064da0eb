import gzip
import io
import sys
import tracemalloc
from pathlib import Path

import pandas as pd
import pytest

from ticket_triage.files import TriageError
from ticket_triage.serving.tables import MAX_FIELD, format_of, reading


def read(path: Path | str, form: str, rows: int = 2, wanted=("id", "text")):
    with reading(str(path), form, rows) as table:
        return list(table.chunks(wanted))


def whole(path: Path, form: str, rows: int = 2) -> dict[str, list]:
    chunks = read(path, form, rows)
    return {name: [value for chunk in chunks for value in chunk.columns[name]] for name in ("id", "text")}


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("place", "form"),
    [
        ("a.csv", "csv"),
        ("A.CSV.gz", "csv"),
        ("a.ndjson", "jsonl"),
        ("a.jsonl", "jsonl"),
        ("x/a.parquet", "parquet"),
    ],
)
def test_the_name_says_the_format(place, form):
    assert format_of(place) == form


def test_a_pipe_has_the_format_of_the_other_side():
    assert format_of("-", "a.csv") == "csv"
    assert format_of("-", "-") == "jsonl"
    with pytest.raises(TriageError, match="--format"):
        format_of("a.xlsx")


def test_the_three_formats_hold_the_same_rows(tmp_path):
    rows = {"id": ["1", "2", "3"], "text": ["a", 'say "b", please', "c\nd"]}
    frame = pd.DataFrame(rows)
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    frame.to_parquet(tmp_path / "t.parquet")
    for form in ("csv", "jsonl", "parquet"):
        assert whole(tmp_path / f"t.{form}", form) == rows


def test_chunks_are_of_the_size_asked_for_and_tell_how_far_they_are(tmp_path):
    path = write(tmp_path / "t.csv", "id,text,other\n" + "".join(f"{n},t{n},x\n" for n in range(5)))
    chunks = read(path, "csv")
    assert [len(chunk) for chunk in chunks] == [2, 2, 1]
    assert chunks[-1].share == 1.0
    assert set(chunks[0].columns) == {"id", "text"}


def test_csv_traps(tmp_path):
    lines = [
        "\ufeffid,text",
        '1,"two\nlines"',
        "",
        "",
        "",
        "",
        '2,"lone\rreturn"',
        "3",
        "4,a,b",
        "5,\x00",
        "6,bare\rreturn",
    ]
    path = write(tmp_path / "t.csv", "\r\n".join(lines))
    assert whole(path, "csv") == {
        "id": ["1", "2", "3", "4", "5", "6"],
        "text": ["two\nlines", "lone\rreturn", "", "a", "\x00", "bare\rreturn"],
    }
    faults = [fault for chunk in read(path, "csv") for fault in chunk.faults]
    assert faults == [None, None, None, "3 fields where the header has 2", None, None]


def test_a_chunk_of_short_rows_has_every_column(tmp_path):
    path = write(tmp_path / "t.csv", "id,text\n1\n2\n")
    assert whole(path, "csv") == {"id": ["1", "2"], "text": ["", ""]}


def test_bytes_that_are_not_utf8_spoil_their_character_alone(tmp_path):
    path = write(tmp_path / "t.csv", b"id,text\n1,caf\xe9\n2,ok\n")
    assert whole(path, "csv")["text"] == ["caf\ufffd", "ok"]


def test_json_lines_that_are_not_objects_are_faults_of_their_row(tmp_path):
    lines = ['{"id": 1, "text": "a"}', "", "{", "[1]", '{"id": 2}', "[" * 100_000]
    path = write(tmp_path / "t.jsonl", "\n".join(lines))
    assert whole(path, "jsonl") == {"id": [1, None, None, 2, None], "text": ["a", None, None, None, None]}
    faults = [fault for chunk in read(path, "jsonl") for fault in chunk.faults]
    assert faults[1:] == [
        "the line is not JSON",
        "the line is not a JSON object",
        None,
        "the line is not JSON",
    ]


def test_gzip_is_read_and_a_cut_one_is_said(tmp_path):
    packed = gzip.compress(b"id,text\n" + b"".join(b"%d,hello number %d\n" % (n, n) for n in range(3000)))
    assert len(whole(write(tmp_path / "t.csv.gz", packed), "csv", 1000)["id"]) == 3000
    with pytest.raises(TriageError, match=r"cut\.csv\.gz"):
        whole(write(tmp_path / "cut.csv.gz", packed[:-300]), "csv", 1000)
    with pytest.raises(TriageError, match=r"not\.csv\.gz"):
        whole(write(tmp_path / "not.csv.gz", b"id,text\n1,a\n"), "csv")


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"id": 7, "text": "a"}\n')))
    (chunk,) = read("-", "jsonl")
    assert chunk.columns == {"id": [7], "text": ["a"]} and chunk.share is None


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n\n\n", "is empty"),
        ("empty.jsonl", b"\n", "is empty"),
        ("no.jsonl", b"text\nhello\n", "say --format csv"),
        ("damaged.parquet", b"PAR1 and nothing", "damaged"),
        ("open.csv", b'id,text\n1,"' + b"x" * (MAX_FIELD + 10), "quote"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path, name, content, sentence):
    path = write(tmp_path / name, content)
    with pytest.raises(TriageError, match=sentence) as caught:
        read(path, format_of(name))
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_missing_files_folders_and_piped_parquet(tmp_path):
    for place, form in (
        (tmp_path / "none.csv", "csv"),
        (tmp_path, "csv"),
        (tmp_path / "none.parquet", "parquet"),
    ):
        with pytest.raises(TriageError, match="cannot read"):
            read(place, form)
    with pytest.raises(TriageError, match="give the file's name"):
        read("-", "parquet")


def test_a_damaged_page_of_parquet_is_said(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"id": range(5000), "text": [f"text {n}" for n in range(5000)]}).to_parquet(path)
    content = bytearray(path.read_bytes())
    content[200:3000] = b"\xff" * 2800
    with pytest.raises(TriageError, match=r"t\.parquet"):
        read(write(path, bytes(content)), "parquet", 1000)


def test_memory_does_not_grow_with_the_file(tmp_path):
    path = write(tmp_path / "t.csv", "id,text\n" + f"1,{'x' * 1000}\n" * 20_000)
    with reading(str(path), "csv", 100) as table:
        tracemalloc.start()
        for _ in table.chunks(("id", "text")):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 2_000_000 < path.stat().st_size
