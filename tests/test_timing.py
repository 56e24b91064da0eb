"""What members cost."""

from ticket_triage.evaluation import timing
from ticket_triage.models.triage_model import TriageModel


def test_every_voter_has_its_time(model: TriageModel) -> None:
    found = timing.members(model)
    voters = [(task, voter.family) for task, head in model.heads.items() for voter in head.voters]
    assert list(zip(found["task"], found["family"], strict=True)) == voters
    assert found["milliseconds"].between(0, 1000, inclusive="neither").all()
