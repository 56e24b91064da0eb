"""Two models on the same tickets."""

from copy import deepcopy
from functools import cache

import numpy as np
import pytest
import small_model
from sklearn.metrics import f1_score

from ticket_triage import params
from ticket_triage.evaluation import Evaluation, comparison, evaluate
from ticket_triage.files import TriageError

SETTINGS = params.Evaluate(bootstrap=20, confidence=0.9, min_slice=30, recall_high=0.7, deletion=40, seed=0)
TICKETS = small_model.tickets(300, seed=4)


@cache
def measured(trained_on: int, seed: int = 1, tasks: tuple[str, ...] = ("category", "priority")) -> Evaluation:
    model = small_model.SmallModel.fit(small_model.tickets(trained_on, seed=seed), tasks)
    return evaluate(model, TICKETS, None, SETTINGS, on="the gold test", digest=f"{trained_on} {seed}")


def compared(ours: Evaluation, theirs: Evaluation | None, confidence: float = 0.9) -> comparison.Pair:
    return comparison.compare(ours, theirs, bootstrap=200, confidence=confidence, seed=0)


def test_the_better_taught_model_is_found_significantly_better() -> None:
    pair = compared(measured(300), measured(30))
    for difference in pair.tasks.values():
        assert difference.macro_f1.low > 0 and difference.accuracy.low > 0
        assert difference.mended > difference.broken and difference.p_value < 0.01


def test_the_difference_is_that_of_scikit_learns_figures() -> None:
    ours, theirs = measured(120), measured(60)
    scores = []
    for one in (ours, theirs):
        table = one.tasks["category"].answers
        scores.append(f1_score(table["actual"], table["predicted"], average="macro"))
    found = compared(ours, theirs).tasks["category"]
    assert found.macro_f1.value == pytest.approx(scores[0] - scores[1])
    assert found.accuracy.value == pytest.approx((found.mended - found.broken) / found.tickets)
    assert found.mended + found.broken <= found.changed <= found.tickets


def test_the_other_way_round_every_sign_turns() -> None:
    first, second = measured(120), measured(60)
    there, back = compared(first, second).tasks["category"], compared(second, first).tasks["category"]
    assert there.macro_f1 == pytest.approx((-back.macro_f1.value, -back.macro_f1.high, -back.macro_f1.low))
    assert (there.mended, there.broken, there.p_value) == (back.broken, back.mended, back.p_value)


def test_a_model_against_itself_differs_in_nothing() -> None:
    found = compared(measured(60), measured(60)).tasks["priority"]
    assert found.macro_f1 == found.accuracy == (0, 0, 0)
    assert (found.changed, found.p_value) == (0, 1)


def test_pairing_is_surer_than_two_intervals_side_by_side() -> None:
    ours, theirs = measured(300), measured(280)
    paired = compared(ours, theirs).tasks["category"].macro_f1
    apart = [one.tasks["category"].figures["macro_f1"] for one in (ours, theirs)]
    assert paired.high - paired.low < np.hypot(*(figure.high - figure.low for figure in apart))


def test_mcnemar_of_a_known_case() -> None:
    # 10 mended, 2 broken: two-sided binomial tail 2 * (1 + 12 + 66) / 2**12.
    ours, theirs = deepcopy(measured(60)), deepcopy(measured(60))
    table = theirs.tasks["category"].answers
    right, wrong = (
        table["actual"],
        table["actual"].map(lambda label: "praise" if label == "outage" else "outage"),
    )
    ours.tasks["category"].answers["predicted"] = [*right[:10], *wrong[10:12], *right[12:]]
    theirs.tasks["category"].answers["predicted"] = [*wrong[:10], *right[10:]]
    found = compared(ours, theirs).tasks["category"]
    assert (found.mended, found.broken) == (10, 2)
    assert found.p_value == pytest.approx(2 * (1 + 12 + 66) / 2**12)


def test_tasks_that_one_of_them_lacks_and_no_champion_leave_nothing_to_compare() -> None:
    assert list(compared(measured(60), measured(60, tasks=("category",))).tasks) == ["category"]
    assert compared(measured(60), None).tasks == {}


def test_gains_are_in_the_candidates_favour_whatever_the_figure() -> None:
    better, worse = compared(measured(300), measured(30)), compared(measured(30), measured(300))
    for task, names in (("category", ("accuracy", "log_loss")), ("priority", ("recall_high", "log_loss"))):
        for name in names:
            assert better.tasks[task].gains[name].value > 0 > worse.tasks[task].gains[name].value
    assert "recall_high" not in better.tasks["category"].gains


def test_flips_name_every_ticket_whose_label_changes_and_the_direction() -> None:
    pair = compared(measured(120), measured(60))
    found = comparison.flips(pair)
    for task, difference in pair.tasks.items():
        own = found[found["task"] == task]
        assert len(own) == difference.changed
        assert (own["direction"] == "mended").sum() == difference.mended
        assert (own["direction"] == "broken").sum() == difference.broken
        row = own[own["direction"] == "mended"].iloc[0]
        assert row["candidate"] == row["gold"] != row["champion"]
        assert row["key"] in set(TICKETS["text_key"])
    alone = comparison.flips(compared(measured(60), None))
    assert alone.empty and list(alone) == list(comparison.FLIPS)


def test_other_tickets_are_refused() -> None:
    model = small_model.SmallModel.fit(small_model.tickets(60, seed=1))
    other = evaluate(model, TICKETS.tail(200), None, SETTINGS)
    with pytest.raises(TriageError, match="different tickets"):
        compared(measured(60), other)
