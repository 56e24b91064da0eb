"""Which tickets a person is asked to read, and what is shown of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import small_model

from ticket_triage import params
from ticket_triage.annotation import queue
from ticket_triage.labeling import annotations

SETTINGS = params.read(Path(__file__).parent.parent / "params.yaml").annotate
UNLABELLED = small_model.tickets(50, seed=7, labelled=0)
NONE = pd.DataFrame(columns=annotations.COLUMNS, dtype="str")


def test_the_most_unsure_come_first_and_a_share_is_drawn_blindly() -> None:
    model = small_model.SmallModel.fit(small_model.tickets(200, seed=2))
    chosen = queue.fresh(UNLABELLED, NONE, model, SETTINGS.model_copy(update={"random_share": 0.0}))
    level = pd.Series(queue.unsure(model.predict_proba(UNLABELLED)), UNLABELLED["text_key"])
    assert np.all(np.diff(level[chosen["text_key"]]) <= 1e-12)
    assert set(chosen["how"]) == {"unsure"} and len(chosen) == len(UNLABELLED)
    mixed = queue.fresh(UNLABELLED, NONE, model, SETTINGS.model_copy(update={"random_share": 0.4}))
    assert mixed["text_key"].is_unique and len(mixed) == len(UNLABELLED)
    assert 0.2 < (mixed["how"] == "random").mean() < 0.6
    first = level[mixed["text_key"][mixed["how"] == "unsure"]].head(10)
    assert first.mean() > level.mean()
    none = queue.fresh(UNLABELLED, NONE, model, SETTINGS.model_copy(update={"random_share": 1.0}))
    assert set(none["how"]) == {"random"}


def test_personal_data_is_not_shown() -> None:
    rows = pd.DataFrame(
        {"text_key": ["0" * 16], "text": ["write to jane.roe@example.org please"], "how": "random"}
    )
    (item,) = queue.items(rows)
    assert "jane" not in item.text and "please" in item.text
