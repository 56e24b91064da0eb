"""Choosing sources."""

import shutil
from pathlib import Path

import pytest

from ticket_triage import params
from ticket_triage.files import TriageError
from ticket_triage.sources import choice

ROOT = Path(__file__).parent.parent
CSV = {"kind": "csv", "path": "my.csv", "columns": {"text": "body"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(shutil.copyfile(ROOT / "params.yaml", tmp_path / "params.yaml"))


def choose(path: Path, name: str, source: object, add: bool = False) -> str:
    return choice.choose(name, source, taxonomy=choice.EXPERTS, pool=None, add=add, path=path)


def test_there_and_back_gives_the_same_bytes(path: Path) -> None:
    before = path.read_bytes()
    assert choose(path, "my", CSV) == "my"
    assert params.read(path).ingest.sources["my"].columns.text == "body"
    assert b"# characters" in path.read_bytes(), "comments stay"
    assert choose(path, "sample", "sample") == "sample"
    assert path.read_bytes() == before


def test_values_of_other_lengths_do_not_push_the_comments_for_good(path: Path) -> None:
    before = path.read_bytes()
    choice.choose(
        "my", CSV, taxonomy=choice.OWN_LABELS, pool="a-rather-long-name-of-a-pool", add=False, path=path
    )
    assert choose(path, "sample", "sample") == "sample"
    assert path.read_bytes() == before


def test_columns_may_have_names_that_yaml_takes_for_something_else(path: Path) -> None:
    columns = {
        "text": "yes",
        "id": "no",
        "category": "12",
        "channel": "null",
        "customer": "a: b",
        "tier": "[x",
    }
    choose(path, "my", {"kind": "csv", "path": "1e3", "columns": columns})
    found = params.read(path).ingest.sources["my"]
    assert found.path == "1e3"
    assert found.columns.model_dump(exclude_none=True) == columns


def test_sources_are_pooled(path: Path) -> None:
    choose(path, "twcs", {"kind": "twcs", "path": "twcs.csv"})
    assert choose(path, "my", CSV, add=True) == "twcs-my"
    found = params.read(path).ingest
    assert list(found.sources) == ["twcs", "my"]
    assert found.sources["twcs"].gold == "data/gold/gold.csv"


def test_a_choice_that_would_not_be_valid_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(TriageError, match="known kinds"):
        choose(path, "my", {"kind": "fax"})
    assert path.read_bytes() == before


def test_a_name_that_stands_for_something_else_is_refused(path: Path) -> None:
    with pytest.raises(TriageError, match="another kind of source"):
        choose(path, "sample", CSV)
    choose(path, "my", CSV)
    with pytest.raises(TriageError, match="has a source my already"):
        choose(path, "my", CSV, add=True)
    with pytest.raises(TriageError, match="cannot read"):
        choose(path.parent / "none.yaml", "my", CSV)


def test_a_name_is_made_of_a_file() -> None:
    assert choice.slug(Path("/x/My Tickets (2).csv.gz")) == "my-tickets-2"
    with pytest.raises(TriageError, match="--name"):
        choice.slug(Path("…​.csv"))
