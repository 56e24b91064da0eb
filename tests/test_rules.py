"""The experts' rules as features."""

import numpy as np
import pandas as pd
import small_taxonomy
from sklearn.base import clone

from ticket_triage import taxonomy
from ticket_triage.labeling.functions import Alarms
from ticket_triage.models.rules import Rules

RULES = Rules(taxonomy.to_yaml(small_taxonomy.make()), weight=0.5)


def test_what_shows_has_the_weight_and_a_name() -> None:
    found = RULES.fit(None).transform(
        pd.Series(["please refund me right now", "hello", "where is my parcel?"])
    )
    names = list(RULES.get_feature_names_out())
    assert found.shape == (3, len(names))
    first, second, third = found.toarray()
    assert {names[n] for n in np.flatnonzero(first)} == {"keywords.billing", "urgency"}
    assert set(first) == {0, 0.5}
    assert not second.any()
    assert {names[n] for n in np.flatnonzero(third)} == {"keywords.delivery", "question"}


def test_words_of_alarm_are_read_off_what_was_found() -> None:
    texts = pd.Series(["please refund me right now", "hello", "smoke right now?"])
    found = RULES.alarms(RULES.transform(texts))
    assert found == Alarms(small_taxonomy.make()).find(texts) == [{"urgency"}, set(), {"safety", "urgency"}]


def test_no_ticket_is_no_row_and_a_clone_is_equal() -> None:
    assert clone(RULES).transform(pd.Series([], dtype="str")).shape == (0, len(RULES.get_feature_names_out()))


def test_a_taxonomy_of_labels_alone_has_only_the_question_to_go_by() -> None:
    own = Rules(taxonomy.to_yaml(taxonomy.from_labels(["a", "b"], "own")))
    assert own.transform(pd.Series(["is it?", "refund"]))[:, -1].toarray().ravel().tolist() == [0.5, 0]
