"""`params.yaml`: typed, frozen, and a typo refused by name."""

from pathlib import Path

import pydantic
import pytest

from ticket_triage import params
from ticket_triage.files import TriageError

TEXT = (Path(__file__).parent.parent / "params.yaml").read_text("utf-8")


def parse(old: str, new: str) -> params.Params:
    assert old in TEXT
    return params.parse(TEXT.replace(old, new), Path("params.yaml"))


def test_it_is_read_and_cannot_be_changed() -> None:
    found = parse("", "")
    assert found.train.folds >= 2
    with pytest.raises(pydantic.ValidationError):
        found.train.folds = 7  # type: ignore[misc]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("  folds: 3", "  fold: 3", r"`train.fold` is not a known key"),
        ("  folds: 3", "  folds: 1", r"`train.folds` is 1"),
        ("  folds: 3", "  folds: '3'", r"`train.folds` is '3'"),
        ("kind: kaggle", "kind: fax", r"`ingest.presets.kaggle.kind` is 'fax', known kinds are"),
        ("pool: sample", "pool: A B", r"`ingest.pool` is 'A B'"),
        ("max_quarantined: 0.05", "max_quarantined: 5", r"`validate.max_quarantined` is 5"),
        ("low: 0.01, high: 1.0", "low: 2.0, high: 1.0", r"`low` and `high` in that order"),
        ("{default: 0.1, low", "{default: 7, low", r"`default` lies outside"),
        ("{default: 0.1, low: 0.01", "{default: 0.1, low: 0.0", r"`log` needs a `low` above 0"),
        ("blocks: [word]", "blocks: [words]", r"`train.families.naive_bayes.blocks.0` is 'words'"),
        ("members: [naive_bayes,", "members: [naive_bays,", r"`train`: `members` names naive_bays"),
        ("validate:\n", "validte:\n", r"`validate` is missing"),
    ],
)
def test_a_fault_is_said_by_name(old: str, new: str, sentence: str) -> None:
    with pytest.raises(TriageError, match=sentence):
        parse(old, new)


def test_what_is_no_yaml_and_what_is_missing_are_said(tmp_path: Path) -> None:
    with pytest.raises(TriageError, match="is not YAML"):
        params.parse("a: [", Path("params.yaml"))
    with pytest.raises(TriageError, match="cannot read"):
        params.read(tmp_path / "none.yaml")


def test_gold_must_lie_where_dvc_sees_it() -> None:
    with pytest.raises(TriageError, match=r"gold.*elsewhere/gold.csv"):
        parse("path: data/kaggle.yaml", "path: data/kaggle.yaml\n      gold: elsewhere/gold.csv")


def test_a_family_s_study_depends_on_its_own_space_alone() -> None:
    one, other = parse("", ""), parse("alpha: {default: 0.1", "alpha: {default: 0.2")
    assert one.train.of("xgboost") == other.train.of("xgboost")
    assert one.train.of("naive_bayes") != other.train.of("naive_bayes")
