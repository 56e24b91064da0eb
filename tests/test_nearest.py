"""The gold tickets that a ticket is most like."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ticket_triage import features
from ticket_triage.models import blocks, nearest
from ticket_triage.models.nearest import Nearest
from ticket_triage.models.rows import Spec
from ticket_triage.models.triage_model import TriageModel


def space(model: TriageModel, name: str) -> Spec:
    specs = [spec for head in model.heads.values() for voter in head.voters for spec in voter.specs]
    return next(spec for spec in specs if spec.name == name)


@pytest.mark.parametrize("name", ["embedding", "word"])
def test_a_ticket_is_nearest_to_itself_and_then_to_what_is_most_alike(
    model: TriageModel, split_tables: tuple[pd.DataFrame, pd.DataFrame], name: str, tmp_path: Path
) -> None:
    train = split_tables[0].head(60)
    spec = space(model, name)
    made = nearest.make(train, [spec], model.steps, 2, 30)
    made.save(tmp_path)
    kept = Nearest.load(tmp_path)
    matrix = blocks.transform([spec], model.steps, features.build(train), {})
    dense = matrix.toarray().astype(float)
    dense /= np.linalg.norm(dense, axis=1, keepdims=True)
    for row in range(20):
        for one, tolerance in ((made, 1e-3), (kept, 0.02)):
            first, second = one.find(blocks.row_of(matrix, row))
            assert first["key"] == train["text_key"].iloc[row]
            assert first["similarity"] == pytest.approx(1, abs=tolerance)
            best = np.sort(dense @ dense[row])[-2]
            assert second["similarity"] == pytest.approx(best, abs=tolerance)
            assert first["category"] == train["gold_category"].iloc[row]
    (tmp_path / "again").mkdir()
    kept.save(tmp_path / "again")
    for file in ("nearest.npz", "nearest.json"):
        assert (tmp_path / "again" / file).read_bytes() == (tmp_path / file).read_bytes()


def test_personal_data_is_masked_and_long_texts_are_cut(
    model: TriageModel, split_tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    train = split_tables[0].head(3).copy()
    train["text"] = ["write to ann@example.org", "refund " * 50, "late"]
    train.loc[train.index[2], ["gold_category", "gold_priority"]] = None
    found = nearest.make(train, [space(model, "word")], model.steps, 2, 30)
    assert len(found.tickets) == 2  # the third has no label
    assert "ann" not in found.tickets[0]["excerpt"]
    none = nearest.make(train, [space(model, "word")], model.steps, 2, 0)
    assert {one["excerpt"] for one in none.tickets} == {""}
    assert len(found.tickets[1]["excerpt"]) == 31 and found.tickets[1]["excerpt"].endswith("…")


def test_a_ticket_with_nothing_in_common_has_no_neighbours(
    model: TriageModel, split_tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    made = nearest.make(split_tables[0], [space(model, "word")], model.steps, 2, 30)
    assert made.find((np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32))) == []
    assert nearest.make(split_tables[0], [], model.steps, 2, 30) is None
    assert nearest.make(split_tables[0], [space(model, "word")], model.steps, 0, 30) is None


def test_they_come_with_reasons_and_not_without(model: TriageModel) -> None:
    rows = pd.DataFrame({"text": ["refund the invoice on my card"]})
    assert model.predict(rows)["neighbours"].tolist() == [[]]
    found = model.predict(rows, reasons=2)["neighbours"].iloc[0]
    assert len(found) == 2 and found[0]["similarity"] >= found[1]["similarity"] > 0
    assert found == model.single.answer({"text": rows["text"].iloc[0]}, 2)["neighbours"]
    assert replace(model, nearest=None).predict(rows, reasons=2)["neighbours"].tolist() == [[]]
