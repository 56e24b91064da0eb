"""Which gold labels are to be read again."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_model

from ticket_triage import params
from ticket_triage.annotation import queue
from ticket_triage.files import TriageError, read_json
from ticket_triage.labeling import audit

SETTINGS = params.read(Path(__file__).parent.parent / "params.yaml").audit
TICKETS = small_model.tickets(240, seed=3).assign(part="train")
MODEL = small_model.SmallModel.fit(small_model.tickets(400, seed=4))
WRONG = [3, 40, 77, 150]


@pytest.fixture(scope="module")
def guesses() -> pd.DataFrame:
    """Of a model that has not seen them, surer than it is, so that what it says is contradiction."""
    found = MODEL.predict_proba(TICKETS.set_index("ticket_id", drop=False))["category"] ** 3
    return found.div(found.sum(axis=1), axis=0)


def spoilt() -> pd.DataFrame:
    """The tickets with some labels exchanged for ones that are neither the first nor the second label."""
    rows = TICKETS.assign(gold_second_category=None)
    labels = list(small_model.WORDS)
    for at in WRONG:
        used = {TICKETS.loc[at, "gold_category"], TICKETS.loc[at, "gold_second_category"]}
        rows.loc[at, "gold_category"] = next(label for label in labels if label not in used)
    return rows


def test_wrong_labels_are_found_and_come_first(guesses: pd.DataFrame) -> None:
    found = audit.contradicted("category", spoilt(), guesses, SETTINGS)
    assert found.labels == len(TICKETS)
    keys = set(TICKETS.loc[WRONG, "text_key"])
    assert keys <= set(found.rows["text_key"])
    assert set(found.rows["text_key"].head(len(keys))) == keys
    assert list(found.rows) == audit.COLUMNS
    assert (found.rows["confidence"] >= SETTINGS.min_confidence).all()
    assert (found.rows["says"] != found.rows["gold"]).all()
    assert found.rows["quality"].is_monotonic_increasing
    true = TICKETS.set_index("text_key")["gold_category"]
    first = found.rows.head(len(keys))
    assert (first["says"] == true[first["text_key"]].to_numpy()).all()


def test_the_second_gold_label_is_no_contradiction(guesses: pd.DataFrame) -> None:
    rows = spoilt()
    rows.loc[WRONG, "gold_second_category"] = TICKETS.loc[WRONG, "gold_category"]
    found = audit.contradicted("category", rows, guesses, SETTINGS).rows
    assert not set(TICKETS.loc[WRONG, "text_key"]) & set(found["text_key"])


def test_tickets_without_gold_or_without_a_guess_are_left_out(guesses: pd.DataFrame) -> None:
    rows = TICKETS.assign(gold_category=TICKETS["gold_category"].where(TICKETS.index > 9))
    assert audit.contradicted("category", rows, guesses.tail(200), SETTINGS).labels == 200
    assert audit.contradicted("category", rows, guesses.head(10), SETTINGS).labels == 0
    strange = rows.assign(gold_category="fraud")
    assert audit.contradicted("category", strange, guesses, SETTINGS).rows.empty


def test_the_list_is_written_and_read_back_without_any_text(guesses: pd.DataFrame, tmp_path: Path) -> None:
    found = audit.contradicted("category", spoilt(), guesses, SETTINGS)
    none = audit.Audited(0, pd.DataFrame(columns=audit.COLUMNS))
    for folder in ("a", "b"):
        audit.write(tmp_path / folder, {"category": found, "priority": none}, SETTINGS)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
        assert not [text for text in TICKETS["text"] if text in file.read_text("utf-8")]
    back = queue.read_list(tmp_path / "a/review.csv")
    assert back["text_key"].tolist() == found.rows["text_key"].tolist()
    assert np.allclose(back["quality"], found.rows["quality"], rtol=1e-4)
    counts = read_json(tmp_path / "a/audit.json")
    assert counts["category"] == {"gold": found.labels, "listed": len(found.rows)}
    page = (tmp_path / "a/audit.html").read_text("utf-8")
    assert found.rows["text_key"].iloc[0] in page and "no label is contradicted" in page
    with pytest.raises(TriageError, match="lacks the column"):
        (tmp_path / "other.csv").write_text("a,b\n1,2\n")
        queue.read_list(tmp_path / "other.csv")
    with pytest.raises(TriageError, match="cannot read the review list"):
        queue.read_list(tmp_path / "none.csv")
