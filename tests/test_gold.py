from pathlib import Path

import pandas as pd
import pytest

from ticket_triage import taxonomy
from ticket_triage.files import TriageError, text_key
from ticket_triage.labeling import gold
from ticket_triage.schema import GOLD_COLUMNS, TICKET_DTYPES

TAXONOMY = taxonomy.from_labels(["billing", "other"], "test")
HEAD = "tweet_id,text_key,category,second_category,priority,sentiment,language,passes\n"


def tickets(*rows: tuple[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["ticket_id", "text"])
    frame["source"] = frame["ticket_id"].str.split(":").str[0]
    frame["text_key"] = frame["text"].map(text_key)
    return frame.reindex(columns=list(TICKET_DTYPES)).astype(TICKET_DTYPES)


def gold_file(folder: Path, *lines: str, head: str = HEAD) -> Path:
    path = folder / "gold.csv"
    path.write_text(head + "\n".join(lines) + "\n", "utf-8")
    return path


def no_own() -> pd.DataFrame:
    return pd.DataFrame(columns=["ticket_id", *GOLD_COLUMNS])


def test_the_committed_gold_is_sound() -> None:
    labels = gold.read_gold(Path("data/gold/gold.csv"), taxonomy.read(Path("data/taxonomy.yaml")))
    assert len(labels) == 8692
    assert set(labels["passes"]) == {1, 2}


def test_a_ticket_of_any_source_is_joined_by_its_text(tmp_path: Path) -> None:
    key = text_key("Charged twice!")
    file = gold.read_gold(gold_file(tmp_path, f"7,{key},billing,,high,negative,en,2"), TAXONOMY)
    table = tickets(("twcs:7", "@shop charged TWICE"), ("mail:x1", "Charged twice"), ("mail:7", "Hello"))
    joined = gold.join(table, no_own(), {"twcs": file, "mail": file})
    assert joined["gold_category"].fillna("-").tolist() == ["billing", "billing", "-"]
    assert joined["gold_passes"].fillna(0).tolist() == [2, 2, 0]
    assert joined["gold_second_category"].isna().all()
    assert list(table) == list(TICKET_DTYPES)


def test_an_equal_id_with_another_text_is_no_gold_but_counted(tmp_path: Path) -> None:
    file = gold.read_gold(gold_file(tmp_path, f"7,{text_key('a b c')},billing,,high,,,"), TAXONOMY)
    table = tickets(("twcs:7", "generated text with the same number"), ("twcs:8", "a b c"))
    joined = gold.join(table, no_own(), {"twcs": file})
    assert joined["gold_category"].fillna("-").tolist() == ["-", "billing"]
    assert gold.id_conflicts(table, file) == 1


def test_a_source_with_its_own_gold_is_joined_by_ticket_id_only(tmp_path: Path) -> None:
    file = gold.read_gold(gold_file(tmp_path, f",{text_key('hello')},other,,low,,,"), TAXONOMY)
    table = tickets(("mail:1", "hello"), ("mail:2", "hello"), ("twcs:1", "hello"))
    own = pd.DataFrame([{"ticket_id": "mail:2", "category": "billing"}]).reindex(columns=list(no_own()))
    joined = gold.join(table, own, {"mail": file, "twcs": file})
    assert joined["gold_category"].fillna("-").tolist() == ["-", "billing", "other"]
    assert gold.is_gold(joined).tolist() == [False, True, True]


def test_without_a_gold_file_nothing_is_gold() -> None:
    joined = gold.join(tickets(("twcs:1", "hello")), no_own(), {"twcs": None})
    assert not gold.is_gold(joined).any()
    assert list(joined) == [*TICKET_DTYPES, *gold.TICKET_GOLD]


def test_two_own_labels_of_one_ticket_are_refused() -> None:
    own = pd.DataFrame([{"ticket_id": "mail:1", "category": c} for c in ("billing", "other")])
    with pytest.raises(TriageError, match="ticket mail:1 has more than one"):
        gold.join(tickets(("mail:1", "x")), own.reindex(columns=list(no_own())), {})


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["1,k1,billing,,high,,,", "2,k1,other,,low,,,"], "text key k1 empty or more than once"),
        (["1,k1,biling,,high,,,"], "`category` holds 'biling'.*it knows billing, other"),
        (["1,k1,billing,nix,high,,,"], "`second_category` holds 'nix'"),
        (["1,k1,billing,,urgent,,,"], "`priority` holds 'urgent'.*low, medium, high"),
        (["1,k1,billing,,high,sad,,"], "`sentiment` holds 'sad'"),
        (["1,k1,billing,,high,,,two"], "number of passes"),
    ],
)
def test_a_wrong_gold_file_is_refused_by_name(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(TriageError, match=said):
        gold.read_gold(gold_file(tmp_path, *lines), TAXONOMY)


def test_a_gold_file_needs_its_columns(tmp_path: Path) -> None:
    with pytest.raises(TriageError, match="need the columns text_key"):
        gold.read_gold(gold_file(tmp_path, "a,b", head="key,label\n"), TAXONOMY)
    with pytest.raises(TriageError, match="cannot read the gold labels"):
        gold.read_gold(tmp_path / "none.csv", TAXONOMY)
    short = gold.read_gold(gold_file(tmp_path, "k,billing", head="text_key,category\n"), TAXONOMY)
    assert short["priority"].isna().all()
