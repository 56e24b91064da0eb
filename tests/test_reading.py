"""CSV with everything wrong with it that real files have."""

import time
from pathlib import Path

import pytest

from ticket_triage.files import TriageError
from ticket_triage.sources.reading import Rows, read_csv


def _read(tmp_path: Path, content: bytes) -> Rows:
    (tmp_path / "t.csv").write_bytes(content)
    return read_csv(tmp_path / "t.csv")


def _cells(rows: Rows) -> dict[str, list[str | None]]:
    return {str(name): values for name, values in rows.table.to_pydict().items()}


def test_cells_stay_strings_and_an_empty_one_is_missing(tmp_path: Path) -> None:
    rows = _read(tmp_path, b'a,b,c\n01,,NA\n1.50,"",null\n')
    assert _cells(rows) == {"a": ["01", "1.50"], "b": [None, None], "c": ["NA", "null"]}
    assert rows.counts == {"rows": 2, "blank_rows": 0, "broken_rows": 0, "undecodable_rows": 0}


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_newlines_and_lone_returns_inside_quotes_are_kept(tmp_path: Path, end: bytes) -> None:
    rows = _read(tmp_path, end.join([b"a,b", b'1,"two\nlines, ""quoted"""', b'2,"lone\rreturn"', b""]))
    assert _cells(rows)["b"] == ['two\nlines, "quoted"', "lone\rreturn"]


def test_a_lone_return_without_quotes_does_not_end_the_row(tmp_path: Path) -> None:
    rows = _read(tmp_path, b'a,b,c\n1,lone\rreturn,x\n2,"a\rb",y\n')
    assert _cells(rows) == {"a": ["1", "2"], "b": ["lone\rreturn", "a\rb"], "c": ["x", "y"]}


def test_mark_at_the_beginning_is_not_part_of_the_first_name(tmp_path: Path) -> None:
    assert list(_cells(_read(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n"))) == ["a", "b"]


def test_columns_without_a_name_get_one(tmp_path: Path) -> None:
    assert _cells(_read(tmp_path, b"a,,\n1,2,\n")) == {"a": ["1"], "column 2": ["2"], "column 3": [None]}


@pytest.mark.parametrize("delimiter", [b";", b"\t"])
def test_semicolons_and_tabs(tmp_path: Path, delimiter: bytes) -> None:
    rows = _read(tmp_path, b"a|b\n1|2,5\n".replace(b"|", delimiter))
    assert _cells(rows) == {"a": ["1"], "b": ["2,5"]}


def test_bytes_that_are_no_text_are_replaced_and_their_rows_counted(tmp_path: Path) -> None:
    rows = _read(tmp_path, b"a,b\ncaf\xe9 \xff,1\nr\xc3\xa9al,2\nhad one \xef\xbf\xbd,3\n")
    assert _cells(rows)["a"] == ["caf\ufffd \ufffd", "réal", "had one \ufffd"]
    assert rows.counts["undecodable_rows"] == 1


def test_rows_unlike_the_header_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = _read(tmp_path, b"a,b\n1,2\n3,4,5\n6\n7,8\n9,10\n")
    assert _cells(rows)["a"] == ["1", "7", "9"]
    assert (rows.counts["rows"], rows.counts["broken_rows"]) == (5, 2)


def test_a_million_blank_rows_are_counted_and_cost_little(tmp_path: Path) -> None:
    start = time.perf_counter()
    rows = _read(tmp_path, b"a,b\n1,2\n" + b"\n" * 900_000 + b",\n" * 100_000 + b"3,4\n")
    assert time.perf_counter() - start < 10  # a loop over rows would take longer
    assert _cells(rows) == {"a": ["1", "3"], "b": ["2", "4"]}
    assert (rows.counts["rows"], rows.counts["blank_rows"]) == (1_000_002, 1_000_000)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\n", "has no header"),
        (b"a,b", "has no rows"),
        (b"a,b\n", "has no rows"),
        (b"a,b\n,\n\n", "has no rows"),
        (b"a,b,a\n1,2,3\n", "more than one column 'a'"),
        (b"a,b\n1\n2\n3,4\n", r"2 of 3 rows have another number of cells than the header's 2 \(a, b\)"),
    ],
)
def test_what_is_no_table_is_said(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(TriageError, match=sentence):
        _read(tmp_path, content)
