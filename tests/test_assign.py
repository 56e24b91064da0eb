import pytest

from ticket_triage.serving.rollout import assign

UNITS = [f"customer {number}" for number in range(4_000)]


def test_places_are_uniform_and_the_same_everywhere():
    places = sorted(assign.place("r1", unit) for unit in UNITS)
    # Kolmogorov and Smirnov's distance; 1.63 is exceeded once in a hundred
    gap = max(abs(place - rank / len(UNITS)) for rank, place in enumerate(places))
    assert gap * len(UNITS) ** 0.5 < 1.63
    assert assign.place("r1", "customer 7") == 0.8034805282951318  # in any process, of any release


@pytest.mark.parametrize("smaller, larger", [(0.05, 0.25), (0.25, 1.0)])
def test_a_larger_share_moves_nobody_back(smaller, larger):
    before = {unit for unit in UNITS if assign.chosen("r1", unit, smaller)}
    after = {unit for unit in UNITS if assign.chosen("r1", unit, larger)}
    assert before < after
    assert len(after) == pytest.approx(larger * len(UNITS), rel=0.1)


def test_another_rollout_tries_others():
    one = {unit for unit in UNITS if assign.chosen("r1", unit, 0.2)}
    other = {unit for unit in UNITS if assign.chosen("r2", unit, 0.2)}
    assert len(one & other) / len(one) == pytest.approx(0.2, abs=0.05)
    both = [unit for unit in one if assign.beside(unit, 0.5)]
    assert len(both) / len(one) == pytest.approx(0.5, abs=0.06)
    assert not any(assign.chosen("r1", unit, 0) for unit in UNITS)
    assert all(assign.chosen("r1", unit, 1) for unit in UNITS)
    assert 0 <= assign.place("r1", "\ud800") < 1
