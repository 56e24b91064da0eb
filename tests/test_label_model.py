import numpy as np
import pandas as pd
import pytest
import small_taxonomy
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from ticket_triage import taxonomy
from ticket_triage.labeling import functions, label_model
from ticket_triage.labeling.label_model import DawidSkene, MajorityVote

CLASSES = ("a", "b", "c")
VOTES = pd.DataFrame(
    {
        "one": ["a", "b", None, "c", None],
        "two": ["a", "a", None, "b", None],
        "three": ["b", None, None, "b", "c"],
    },
    dtype="category",
    index=[4, 3, 2, 1, 0],
)


def test_most_votes_win_and_a_tie_goes_to_the_first_class() -> None:
    model = MajorityVote(CLASSES).fit(VOTES)
    predicted = model.predict(VOTES)
    assert predicted.fillna("-").tolist() == ["a", "a", "-", "b", "c"]
    assert predicted.index.tolist() == VOTES.index.tolist()
    assert MajorityVote(("b", "a", "c")).fit(VOTES).predict(VOTES).loc[3] == "b"


def test_too_few_votes_for_the_winner_is_an_abstention() -> None:
    predicted = MajorityVote(CLASSES, min_votes=2).fit(VOTES).predict(VOTES)
    assert predicted.fillna("-").tolist() == ["a", "-", "-", "b", "-"]


def test_it_follows_the_conventions() -> None:
    model = MajorityVote(CLASSES, min_votes=2)
    assert clone(model).get_params() == {"classes": CLASSES, "min_votes": 2}
    assert model.fit(VOTES) is model
    assert model.functions_ == ("one", "two", "three")
    with pytest.raises(NotFittedError):
        clone(model).predict(VOTES)


def witnesses(seed: int = 3, rows: int = 600) -> tuple[pd.DataFrame, "pd.Series[str]"]:
    """Three witnesses: one that mostly knows, one that takes every b for an a, one that guesses."""
    drawn = np.random.default_rng(seed)
    truth = drawn.choice(CLASSES, rows)
    good = np.where(drawn.random(rows) < 0.85, truth, drawn.choice(CLASSES, rows))
    blind = np.where(truth == "b", "a", truth)
    said = {"x.good": good, "x.blind": blind, "x.guess": drawn.choice(CLASSES, rows)}
    votes = pd.DataFrame({name: pd.Categorical(one, categories=CLASSES) for name, one in said.items()})
    return votes, pd.Series(truth, dtype="str")


def test_witnesses_are_believed_as_far_as_they_are_right() -> None:
    votes, truth = witnesses()
    known = truth.where(truth.index < 100)
    model = DawidSkene(CLASSES).fit(votes, known)
    rest = truth.index >= 100
    ours = (model.predict(votes) == truth)[rest].mean()
    majority = (MajorityVote(CLASSES).fit(votes).predict(votes) == truth)[rest].mean()
    assert ours > 0.85 > majority


def test_it_abstains_where_there_are_too_few_votes_and_is_the_same_every_time() -> None:
    votes, truth = witnesses(rows=60)
    votes.iloc[0] = None
    votes.iloc[1, 1:] = None
    model = DawidSkene(CLASSES, min_votes=2).fit(votes, truth)
    predicted = model.predict(votes)
    assert predicted.isna().tolist() == [True, True, *[False] * 58]
    pd.testing.assert_series_equal(predicted, clone(model).fit(votes, truth).predict(votes))
    pd.testing.assert_series_equal(predicted.iloc[5:9], model.predict(votes.iloc[5:9]))


def test_a_gold_label_that_no_witness_names_is_no_trouble() -> None:
    votes, truth = witnesses(rows=60)
    votes = votes.astype("str").replace("c", "a").astype(pd.CategoricalDtype(CLASSES))
    assert set(DawidSkene(CLASSES).fit(votes, truth).predict(votes)) <= {"a", "b"}


def tickets(texts: "pd.Series[str]") -> pd.DataFrame:
    return pd.DataFrame({"text": texts, "part": "unlabelled", "gold_category": None, "gold_priority": None})


def test_weak_labels_of_both_tasks() -> None:
    small = small_taxonomy.make()
    texts = pd.Series(["charged twice, parcel lost", "parcel, thank you, smoke", "hm"])
    weak = label_model.label(functions.votes(small, texts), tickets(texts), small, min_votes=1)
    assert set(weak) == {"dawid_skene", "majority"}
    assert weak["majority"]["category"].fillna("-").tolist() == ["billing", "delivery", "-"]
    assert weak["majority"]["priority"].fillna("-").tolist() == ["medium", "high", "-"]
    assert weak["dawid_skene"].isna().any(axis=1).tolist() == [False, False, True]


def test_without_functions_every_label_is_missing() -> None:
    own = taxonomy.from_labels(["x", "y"], "own")
    texts = pd.Series(["x", "y"])
    for weak in label_model.label(functions.votes(own, texts), tickets(texts), own, min_votes=1).values():
        assert weak.isna().all(axis=None)
        assert len(weak) == 2
