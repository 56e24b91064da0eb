"""What a person is asked of a ticket, and by which keys it is answered."""

from pathlib import Path

from ticket_triage import taxonomy
from ticket_triage.annotation.questions import ask, hints, keys
from ticket_triage.labeling import annotations

ROOT = Path(__file__).parent.parent


def test_many_labels_have_numbers_and_few_have_single_keys() -> None:
    few = keys([f"l{n}" for n in range(11)])
    assert all(len(key) == 1 for key in few) and not set("suqo") & set(few)
    many = keys([f"l{n}" for n in range(77)])
    assert len(many) == 77 and {len(key) for key in many} == {2} and many["77"] == "l76"


def test_hints_are_the_guidelines_own_words() -> None:
    known = taxonomy.read(ROOT / "data/taxonomy.yaml")
    said = hints(known, ROOT / "data/gold/GUIDELINES.md")
    assert set(said) >= {*known.labels, "low", "medium", "high"}
    assert said["praise"].startswith("thanks")
    bare = hints(known, None)
    assert set(bare) == set(known.labels) and all(bare.values())
    assert [question.name for question in ask(known)] == list(annotations.LABELS)
