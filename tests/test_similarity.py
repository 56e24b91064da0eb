from collections.abc import Sequence

import numpy as np
import pandas as pd
import small_taxonomy

from ticket_triage import taxonomy
from ticket_triage.labeling import similarity
from ticket_triage.params import Similarity

SETTINGS = Similarity(threshold=0.5, margin=0.1, most=10)
WORDS = ("invoice", "payment", "parcel", "internet", "thanks")


def read(texts: Sequence[str]) -> np.ndarray:
    """A text's first words as a vector of length one."""
    counts = np.array([[text.split().count(word) + 1e-9 for word in WORDS] for text in texts])
    return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1.0)


def experts() -> taxonomy.Taxonomy:
    made = small_taxonomy.of_words().model_dump()
    examples = {"billing": ["invoice payment"], "delivery": ["parcel"], "outage": [], "praise": ["thanks"]}
    for category in made["categories"]:
        category["examples"] = examples[category["label"]]
    return taxonomy.Taxonomy.model_validate(made)


def test_the_category_of_the_nearest_example_is_voted_for_where_it_is_near_and_alone() -> None:
    texts = pd.Series(
        ["payment", "parcel payment", "internet internet parcel", "thanks", None], index=[4, 3, 2, 1, 0]
    )
    found = similarity.votes(experts(), texts, read, SETTINGS)
    assert list(found) == [
        *(f"category.similar.{label}" for label in ("billing", "delivery", "praise")),
        "priority.similar",
    ]
    assert found["category.similar.billing"].astype("object").fillna("-").tolist() == [
        "billing",
        "-",
        "-",
        "-",
        "-",
    ]
    assert found["category.similar.delivery"].astype("object").fillna("-").tolist() == [
        "-",
        "delivery",
        "-",
        "-",
        "-",
    ]
    assert found["priority.similar"].astype("object").fillna("-").tolist() == [
        "medium",
        "medium",
        "-",
        "low",
        "-",
    ]
    assert found.index.tolist() == texts.index.tolist()


def test_two_categories_that_are_as_near_get_no_vote() -> None:
    texts = pd.Series(["parcel thanks"])
    assert similarity.votes(experts(), texts, read, SETTINGS).isna().all(axis=None)


def test_without_examples_there_are_no_functions() -> None:
    assert similarity.votes(small_taxonomy.make(), pd.Series(["a"]), read, SETTINGS).shape == (1, 0)
