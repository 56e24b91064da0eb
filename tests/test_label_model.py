import pandas as pd
import pytest
import small_taxonomy
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from ticket_triage import taxonomy
from ticket_triage.labeling import functions, label_model
from ticket_triage.labeling.label_model import MajorityVote

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


def test_weak_labels_of_both_tasks() -> None:
    small = small_taxonomy.make()
    texts = pd.Series(["charged twice, parcel lost", "parcel, thank you, smoke", "hm"])
    weak = label_model.label(functions.votes(small, texts), small, min_votes=1)
    assert weak["category"].fillna("-").tolist() == ["billing", "delivery", "-"]
    assert weak["priority"].fillna("-").tolist() == ["medium", "high", "-"]


def test_without_functions_every_label_is_missing() -> None:
    own = taxonomy.from_labels(["x", "y"], "own")
    weak = label_model.label(functions.votes(own, pd.Series(["x", "y"])), own, min_votes=1)
    assert weak.isna().all(axis=None)
    assert len(weak) == 2
