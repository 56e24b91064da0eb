"""The decision rule at work: what it does not know goes to a person."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import small_taxonomy

from ticket_triage import features
from ticket_triage.labeling.functions import Alarms
from ticket_triage.models import decision
from ticket_triage.models.calibration import Guard, Sets, Threshold
from ticket_triage.taxonomy import Taxonomy


def heard(taxonomy: Taxonomy, texts: list[str]) -> tuple[list[frozenset[str]], np.ndarray]:
    """Words of alarm, and that all members answered."""
    return Alarms(taxonomy).find(texts), np.zeros(len(texts), dtype=bool)


def test_a_ticket_is_routed_only_where_nothing_speaks_against_it() -> None:
    texts = {
        "I want a refund": (),
        "thank you": (),
        "thank you, there was smoke": ("priority: low is not believed, words of safety",),
        "thank you for the parcel": ("priority: low is not believed, high has 0.30",),
        "remboursement merci à vous pour votre aide et votre patience": (
            "category: nothing is promised for the language fr",
        ),
        "parcel": ("category: confidence 0.50 is below 0.60",),
    }
    labels, priorities = ("billing", "delivery", "praise"), ("high", "low", "medium")
    probabilities = {
        "category": pd.DataFrame(
            [[0.9, 0.05, 0.05], *[[0.02, 0.08, 0.9]] * 3, [0.9, 0.05, 0.05], [0.3, 0.5, 0.2]], columns=labels
        ),
        "priority": pd.DataFrame(
            [[0.1, 0.1, 0.8], *[[0.05, 0.85, 0.1]] * 2, [0.3, 0.5, 0.2], *[[0.1, 0.1, 0.8]] * 2],
            columns=priorities,
        ),
    }
    heads = {
        "category": SimpleNamespace(
            classes=labels,
            threshold=Threshold(value=0.6, why="", languages=("en", "und")),
            sets=Sets(coverage=0.9, least=0.07, tickets=300),
            guard=None,
        ),
        "priority": SimpleNamespace(
            classes=priorities,
            threshold=Threshold(value=0.1, why=""),
            sets=None,
            guard=Guard(suspicion=0.25, missed=0, high=10, raised=1, low=10),
        ),
    }
    taxonomy = small_taxonomy.make()
    table = features.build(pd.DataFrame({"text": list(texts)}))
    found = decision.decide(heads, taxonomy, probabilities, table, *heard(taxonomy, list(texts)))
    assert [tuple(why) for why in found["review_reasons"]] == list(texts.values())
    assert list(found["decision"]) == ["auto", "auto", *["review"] * 4]
    assert list(found["priority"]) == ["medium", "low", "medium", "high", "medium", "medium"]
    assert found["category_set"].tolist()[:2] == [["billing"], ["praise", "delivery"]]
    assert found["category_set"].iloc[5] == ["delivery", "billing", "praise"]
    assert found["priority_set"].isna().all()
    assert found["escalation"].tolist()[2:4] == [["words of safety"], ["high priority"]]


def test_a_confidence_just_below_the_threshold_is_told_apart_from_it() -> None:
    assert decision._apart(0.5, 0.6) == ("0.50", "0.60")
    assert decision._apart(0.366, 0.371) == ("0.366", "0.371")


def test_anger_that_comes_back_and_the_law_escalate() -> None:
    taxonomy = small_taxonomy.make(legal_words=["my lawyer"])
    texts = [
        "Still the worst, I hate this awful terrible mess again",
        "my lawyer will write",
        "worst, awful, I hate it",
    ]
    table = features.build(pd.DataFrame({"text": texts}))
    head = SimpleNamespace(classes=("a", "b"), threshold=Threshold(value=0.5, why=""), sets=None, guard=None)
    guess = {"category": pd.DataFrame([[0.9, 0.1]] * 3, columns=["a", "b"])}
    found = decision.decide({"category": head}, taxonomy, guess, table, *heard(taxonomy, list(texts)))
    assert found["escalation"].tolist() == [["angry, and not for the first time"], ["words of the law"], []]
    assert found["priority"].isna().all()
