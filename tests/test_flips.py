from pathlib import Path

import pandas as pd
import pytest
import small_taxonomy

from ticket_triage import params
from ticket_triage.files import TriageError, write_table, write_text
from ticket_triage.labeling import flips, preview, weak
from ticket_triage.taxonomy import Taxonomy, to_yaml

LABEL = params.read(Path(__file__).parent.parent / "params.yaml").label
SETTINGS = LABEL.model_copy(update={"label_model": "majority"})
TEXTS = ["refund please, write to ann@example.org", "my parcel", "a letter is lost", "thank you"]
TICKETS = pd.DataFrame(
    {
        "ticket_id": list("abcd"),
        "text": TEXTS,
        "text_key": [f"key {name}" for name in "abcd"],
        "gold_category": ["billing", None, "delivery", "praise"],
        "gold_priority": ["medium", None, None, "low"],
    }
).astype("str")
NONE = pd.DataFrame({"ticket_id": [], "brand": [], "first_reply": []}, dtype="str")


def edited(**changes: list[str]) -> Taxonomy:
    """The small taxonomy with other keywords for some categories."""
    made = small_taxonomy.make().model_dump()
    for category in made["categories"]:
        category["keywords"] = changes.get(category["label"], category["keywords"])
    return Taxonomy.model_validate(made)


def tickets() -> pd.DataFrame:
    return weak.gather(TICKETS.iloc[[0, 3]], TICKETS.iloc[[2]], TICKETS.iloc[[1]], NONE)


def before() -> tuple[pd.DataFrame, pd.DataFrame]:
    made = weak.label(tickets(), small_taxonomy.make(), None, SETTINGS)
    return tuple(tickets()[["ticket_id"]].join(table) for table in (made.votes, made.weak))


def test_an_edited_rule_shows_what_flips_and_whether_that_is_right() -> None:
    votes, labels = before()
    now = weak.label(tickets(), edited(billing=["charged twice"], delivery=["letter"]), None, SETTINGS)
    found = flips.compare(tickets(), votes, labels, now).set_index(["task", "ticket_id"])
    category = found.loc["category"]
    assert category["effect"].fillna("-").to_dict() == {"a": "made wrong", "c": "made right", "b": "-"}
    assert category.loc["a", "rules"] == "-category.keywords.billing"
    assert category.loc["c", ["after", "rules"]].tolist() == ["delivery", "+category.keywords.delivery"]
    assert pd.isna(category.loc["c", "before"]) and pd.isna(category.loc["b", "gold"])
    assert "ann@" not in category.loc["a", "text"]
    assert "d" not in category.index
    counts = flips.tell(found.reset_index())["counts"][0]
    assert counts == {"task": "category", "tickets": 3, "gold": 2, "right": 1, "wrong": 1}
    lines = flips.lines(found.reset_index(), 1)
    assert lines[0] == "category: 3 tickets flip; of 2 with gold 1 made right, 1 made wrong"
    assert "more" in lines[-1]


def test_nothing_flips_by_itself() -> None:
    votes, labels = before()
    now = weak.label(tickets(), small_taxonomy.make(), None, SETTINGS)
    assert flips.compare(tickets(), votes, labels, now).empty


def test_the_last_run_is_what_is_compared_with(tmp_path: Path) -> None:
    write_text(tmp_path / "experts.yaml", to_yaml(edited(delivery=["letter"])))
    with pytest.raises(TriageError, match="make pipeline"):
        preview.preview(tmp_path, tmp_path / "experts.yaml", None, SETTINGS)
    parts = {"train": [0, 3], "validation": [2], "unlabelled": [1]}
    for part, rows in parts.items():
        write_table(tmp_path / "split" / f"{part}.parquet", TICKETS.iloc[rows])
    write_table(tmp_path / "validated" / "hindsight.parquet", NONE)
    for name, table in zip(("votes", "weak"), before(), strict=True):
        write_table(tmp_path / "labels" / f"{name}.parquet", table)
    found, changed = preview.preview(tmp_path, tmp_path / "experts.yaml", None, SETTINGS)
    assert set(changed["ticket_id"]) == {"b", "c"}
    assert found["counts"]["tickets"] == 4
