"""Members: what they learn from, and how they are kept."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_taxonomy

from ticket_triage import features, params, taxonomy
from ticket_triage.files import TriageError, sha256
from ticket_triage.models import member, shelf, training
from ticket_triage.models.training import Training

RULES = taxonomy.to_yaml(small_taxonomy.make())


def rows(split: pd.DataFrame, settings: params.Train, extra: int = 0, task: str = "category") -> Training:
    part = split.iloc[: len(split) - extra]
    table = features.build(split)
    table.insert(0, "ticket_id", split["ticket_id"])
    weak = split[["ticket_id"]].assign(category="praise", priority=None)
    return training.select(task, table, part, weak, RULES, settings)


def test_out_of_fold_predictions_are_made_by_models_that_did_not_see_the_row(
    split_tables: tuple[pd.DataFrame, pd.DataFrame], train_settings: params.Train, tmp_path: Path
) -> None:
    split = split_tables[0].head(200).copy()
    # Labels that no text can tell: seen rows would be remembered, unseen ones are guessed.
    split["gold_category"] = np.random.default_rng(0).permutation(split["gold_category"])
    fitted = member.fit(
        "category", "logistic_regression", rows(split, train_settings), train_settings, tmp_path / "s"
    )
    guess = fitted.out_of_fold.idxmax(axis=1)
    assert (guess == split.set_index("ticket_id")["gold_category"]).mean() < 0.45
    assert np.allclose(fitted.out_of_fold.sum(axis=1), 1)


def test_weak_labels_are_learnt_from_only_where_they_have_weight(
    split_tables: tuple[pd.DataFrame, pd.DataFrame], train_settings: params.Train
) -> None:
    split = split_tables[0]
    without = rows(split, train_settings, extra=100)
    assert len(without.extra) == 0
    weighed = train_settings.model_copy(update={"weak_weight": 0.2})
    found = rows(split, weighed, extra=100)
    assert len(found.extra) == 100
    assert not set(found.extra.index) & set(found.features.index)
    assert set(found.extra_labels) == {"praise"}


def test_rare_labels_are_left_out_and_too_little_gold_is_said(
    split_tables: tuple[pd.DataFrame, pd.DataFrame], train_settings: params.Train
) -> None:
    split = split_tables[0].head(100).copy()
    split.loc[split.index[0], "gold_category"] = "once"
    found = rows(split, train_settings)
    assert "once" not in set(found.rare(train_settings.folds).labels)
    few = rows(split.head(20), train_settings)
    assert few.insufficient("category", train_settings) == "category has 20 gold tickets, 60 are needed"


def test_two_fits_are_equal_folders_and_the_same_customer_is_on_one_side(
    split_tables: tuple[pd.DataFrame, pd.DataFrame], train_settings: params.Train, tmp_path: Path
) -> None:
    split = split_tables[0].head(150).assign(customer=[f"c{n % 50}" for n in range(150)])
    found = rows(split, train_settings)
    assert found.groups.nunique() == 50
    for name in ("one", "two"):
        fitted = member.fit("category", "lightgbm", found, train_settings, tmp_path / f"{name}.log")
        shelf.save(fitted, tmp_path / name)
    assert sha256(tmp_path / "one") == sha256(tmp_path / "two")


@pytest.mark.parametrize("family", ["lightgbm", "xgboost", "logistic_regression"])
def test_a_misspelt_hyperparameter_is_refused_by_name(
    split_tables: tuple[pd.DataFrame, pd.DataFrame], train_settings: params.Train, tmp_path: Path, family: str
) -> None:
    space = train_settings.families[family].model_copy(update={"fixed": {"seeed": 3}})
    wrong = train_settings.model_copy(update={"families": {family: space}})
    with pytest.raises(TriageError, match=rf"`train.families.{family}.fixed.seeed`: {family} has no such"):
        member.fit("category", family, rows(split_tables[0], wrong), wrong, tmp_path / "s.log")


@pytest.mark.parametrize("family", ["decision_tree", "random_forest", "xgboost"])
def test_every_other_family_fits_saves_and_comes_back(
    split_tables: tuple[pd.DataFrame, pd.DataFrame], train_settings: params.Train, tmp_path: Path, family: str
) -> None:
    space = train_settings.families[family]
    fixed = space.fixed | ({"n_estimators": 4} if "n_estimators" in space.fixed else {})
    lean = train_settings.model_copy(
        update={"families": train_settings.families | {family: space.model_copy(update={"fixed": fixed})}}
    )
    found = rows(split_tables[0].head(150), lean)
    fitted = member.fit("category", family, found, lean, tmp_path / "s.log")
    shelf.save(fitted, tmp_path / family)
    again = shelf.load(tmp_path / family).predict_proba(found.features)
    assert np.allclose(again, fitted.pipeline.predict_proba(found.features), atol=1e-6)
    assert list(again.columns) == list(fitted.classes)
