from pathlib import Path

import pandas as pd
import pytest
from gold_tickets import SIZES, tickets

from ticket_triage.files import TriageError
from ticket_triage.labeling import annotations, committed

NONE = annotations.read(Path("data/gold/none.csv"))


def test_every_gold_text_has_its_part() -> None:
    gold = pd.read_csv("data/gold/gold.csv", dtype="str")
    split = committed.read_split(Path("data/gold/split.csv"))
    assert split is not None
    assert set(split["text_key"]) == set(gold["text_key"])
    counts = split["part"].value_counts()
    assert counts["test"] == 1500
    assert split["half"].value_counts().to_dict() == {"thresholds": 739, "conformal": 739}


def test_new_gold_is_added_and_nothing_is_moved() -> None:
    table = tickets()
    first = committed.commit(table.iloc[:300], None, NONE, SIZES)
    second = committed.commit(table, first, NONE, SIZES)
    assert len(second) > len(first)
    both = first.merge(second, on="text_key", suffixes=("", "_later"))
    assert len(both) == len(first)
    assert (both["part"] == both["part_later"]).all()
    assert second["text_key"].is_monotonic_increasing


def test_it_is_written_and_read_back(tmp_path: Path) -> None:
    made = committed.commit(tickets(), None, NONE, SIZES)
    path = tmp_path / "split.csv"
    path.write_text(made.to_csv(index=False), "utf-8")
    pd.testing.assert_frame_equal(committed.read_split(path), made)
    assert committed.read_split(tmp_path / "none.csv") is None


@pytest.mark.parametrize("content", ["text_key,part\na,train\n", "text_key,part,half\na,tset,\n", ""])
def test_a_damaged_split_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "split.csv"
    path.write_text(content, "utf-8")
    with pytest.raises(TriageError, match=r"the split .*split.csv"):
        committed.read_split(path)
