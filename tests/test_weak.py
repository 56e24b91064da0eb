from pathlib import Path

import numpy as np
import pandas as pd
import small_model
import small_taxonomy

from ticket_triage import params
from ticket_triage.labeling import weak

SETTINGS = params.read(Path(__file__).parent.parent / "params.yaml").label


def gathered(rows: int = 60) -> pd.DataFrame:
    """Tickets of all three parts, of which the first half was answered."""
    made = small_model.tickets(rows, seed=2)
    later = small_model.hindsight(made).assign(first_reply="Hello, glad to help")
    parts = (made.iloc[:30], made.iloc[30:45], made.iloc[45:].assign(gold_category=None, gold_priority=None))
    return weak.gather(*parts, later)


def test_parts_are_gathered_with_what_is_known_later() -> None:
    tickets = gathered()
    assert tickets["part"].value_counts().to_dict() == {"train": 30, "validation": 15, "unlabelled": 15}
    assert tickets["brand"].notna().sum() == tickets["first_reply"].notna().sum() == 30
    assert tickets["brand"].dtype == tickets["first_reply"].dtype == "str"


def test_all_kinds_of_functions_vote_and_every_label_model_labels() -> None:
    asked: list[str] = []

    def read(texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        return np.full((len(texts), 4), 0.5)

    few = SETTINGS.model_copy(update={"similarity": SETTINGS.similarity.model_copy(update={"most": 20})})
    experts = small_taxonomy.of_words().model_copy(update={"calm_replies": ("glad",)})
    tickets = gathered()
    found = weak.label(tickets, experts, read, few)
    kinds = {name.split(".")[1] for name in found.votes}
    assert {"keywords", "similar", "brand", "industry", "reply", "urgency"} <= kinds
    assert found.weak.equals(found.models[few.label_model])
    assert (found.weak["category"] == tickets["gold_category"])[tickets["part"] == "validation"].mean() > 0.5
    # Validation first: its labels are what is told of.
    assert found.read[tickets["part"] == "validation"].all() and found.read.sum() == 20
    assert set(tickets["text"][found.read]) < set(asked)


def test_without_an_encoder_nothing_is_compared() -> None:
    found = weak.label(gathered(), small_taxonomy.of_words(), None, SETTINGS)
    assert not found.read.any()
    assert not [name for name in found.votes if ".similar" in name]
