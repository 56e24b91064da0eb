from datetime import timedelta

import pytest
from decision_records import AT, correction, decision

from ticket_triage.feedback import trial
from ticket_triage.feedback.database import Database
from ticket_triage.schema import ModelRef

ONE, TWO, OTHER = (ModelRef(name="tickets", version=version) for version in "345")


@pytest.fixture
def database(database_url):
    one = Database(database_url)
    one.migrate()
    yield one
    one.close()


def answer(category: str, decided: str = "auto") -> dict[str, object]:
    return {"category": {"label": category}, "priority": None, "decision": decided}


def test_answers_of_both_in_their_steps_with_what_people_said(database):
    later = AT + timedelta(hours=1)
    one = decision(customer="h", answer=answer("a", "review"))
    two = decision(model=TWO, variant="challenger", at=later, answer=answer("b"), cached=True)
    right, wrong = correction(one.prediction_id, category="a", priority=None), correction(two.prediction_id)
    early, late = decision(at=AT - timedelta(seconds=1)), decision(at=later + timedelta(hours=1))
    third = decision(model=OTHER)
    beside = two.model_copy(
        update={
            **{"prediction_id": f"{two.prediction_id}-beside", "model": ONE, "shadow": True},
            **{"variant": "champion", "answer": answer("b", "review")},
        }
    )
    again = wrong.model_copy(update={"correction_id": "x"})
    database.store([one, two, right, wrong, again, early, late, third, beside])
    found = trial.read(database, ONE, TWO, [AT, later], later + timedelta(hours=1))
    rows = found.given.sort_values("step").to_dict("records")
    assert [(row["step"], row["variant"], row["unit"]) for row in rows] == [
        (0, "champion", "h"),
        (1, "challenger", two.prediction_id),
    ]
    assert [(row["review"], row["errors"], row["overrides"]) for row in rows] == [
        (True, False, False),
        (False, False, True),
    ]
    assert rows[0]["milliseconds"] == 7.125 and rows[1]["milliseconds"] != rows[1]["milliseconds"]
    assert found.pairs.to_dict("records") == [
        {"unit": two.prediction_id, "category": True, "priority": True, "champion": True, "challenger": False}
    ]
