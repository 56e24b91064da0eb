"""What each word does, by leaving it out."""

import pandas as pd
import pytest

from ticket_triage.models import occlusion
from ticket_triage.models.triage_model import TriageModel

TICKET = {
    "text": "hello, the router has no signal, write to ann@example.org",
    "subject": "please",
    "tier": "gold",
}


def test_an_effect_is_what_the_word_changes(model: TriageModel) -> None:
    answer = model.single.answer(TICKET)
    found = occlusion.effects(model.single, TICKET, answer, 3)
    assert 1 <= len([effect for effect in found if effect["task"] == "category"]) <= 3
    assert not any("ann@" in effect["word"] for effect in found)
    strongest = found[0]
    text = "please. hello, the router has no signal, write to ann@example.org"
    without = text.replace(f"{strongest['word']} ", "", 1)
    both = model.predict_proba(pd.DataFrame({"text": [text, without], "tier": "gold"}))["category"]
    change = both[answer["category"]].iloc[0] - both[answer["category"]].iloc[1]
    assert strongest["change"] == pytest.approx(change, abs=1e-4)
    assert strongest["word"].strip(",") in {"router", "signal"} and strongest["change"] > 0


def test_long_texts_have_a_bound(model: TriageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    own = model.single.probabilities
    monkeypatch.setattr(model.single, "probabilities", lambda ticket: asked.append(ticket) or own(ticket))
    monkeypatch.setattr(occlusion, "WORDS", 4)
    ticket = {"text": "router " * 50}
    occlusion.effects(model.single, ticket, model.single.answer(ticket), 3)
    assert len(asked) == 5
