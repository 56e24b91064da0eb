import pytest
from decision_records import correction, decision

from ticket_triage.feedback import rows
from ticket_triage.feedback.tables import AUDIT, DECISIONS


@pytest.mark.parametrize("more", [{}, {"shadow": True, "customer": "h", "caller": "shop", "degraded": True}])
def test_a_decision_is_a_row_and_back(more):
    one = decision(**more)
    row = rows.decision_row(one)
    assert set(row) == {column.name for column in DECISIONS.columns} - {"number"}
    assert (row["category"], row["priority"], row["decision"]) == ("delivery", None, "auto")
    assert rows.decision(row) == one


def test_a_correction_leaves_a_row_of_the_audit():
    one = correction("0" * 32, by="ann")
    row = rows.audit_row(one)
    assert set(row) == {column.name for column in AUDIT.columns} - {"number"}
    assert (row["action"], row["by"], row["detail"]) == ("correct", "ann", {"prediction_id": "0" * 32})
