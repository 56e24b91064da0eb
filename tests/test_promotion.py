"""The verdict: what promotes, what does not, and that it says why."""

import dataclasses
from collections.abc import Mapping
from functools import cache

import pytest
import small_model
from hypothesis import given
from hypothesis import strategies as st

from ticket_triage import params
from ticket_triage.evaluation import Figure, comparison, evaluate
from ticket_triage.evaluation.comparison import Difference
from ticket_triage.promotion import Scores, Verdict, decide, judge
from ticket_triage.schema import Task

POLICY = params.Policy(
    guarded=("macro_f1", "accuracy", "ece", "auto_precision"),
    floors={"category": 0.5, "priority": 0.45},
    max_loss=0.01,
    max_missed_high=0.02,
    confidence=0.95,
)
TEST = frozenset({"t1", "t2", "t3"})
CHAMPION = Scores(
    name="version 7",
    model="seven",
    labels=frozenset({"billing", "praise"}),
    tasks=("category", "priority"),
    macro_f1={"category": 0.6, "priority": 0.6},
    test_keys=TEST,
    training_keys=frozenset({"a", "b"}),
)
CANDIDATE = dataclasses.replace(
    CHAMPION, name="version 8", model="eight", training_keys=frozenset({"a", "c"})
)

gains = st.floats(-0.2, 0.2).map(lambda value: round(value, 4))
widths = st.floats(0.0001, 0.1)


def differences(figures: Mapping[Task, tuple[float, float]]) -> dict[Task, Difference]:
    """By task, (gain, half the width of its interval)."""
    found: dict[Task, Difference] = {}
    for task, (gain, width) in figures.items():
        figure = Figure(gain, gain - width, gain + width)
        found[task] = Difference(figure, figure, tickets=1500, changed=9, mended=5, broken=4, p_value=1.0)
    return found


def contest(category: tuple[float, float], priority: tuple[float, float], **more: object) -> Verdict:
    candidate = dataclasses.replace(
        CANDIDATE, macro_f1={"category": 0.6 + category[0], "priority": 0.6 + priority[0]}, **more
    )
    return decide(candidate, CHAMPION, POLICY, differences({"category": category, "priority": priority}))


def first(category: float, priority: float | None) -> Verdict:
    scores: dict[Task, float] = {"category": category}
    if priority is not None:
        scores["priority"] = priority
    return decide(dataclasses.replace(CANDIDATE, tasks=tuple(scores), macro_f1=scores), None, POLICY)


def test_the_first_model_needs_its_floors_and_no_more() -> None:
    assert first(0.5, 0.45).promote
    assert first(0.5, None).promote
    assert not first(0.9, 0.44).promote
    assert first(0.9, 0.44).reasons == (
        "category: macro-F1 0.900 meets the floor of 0.500.",
        "priority: macro-F1 0.440 lies under the floor of 0.450.",
        "version 8 is not promoted: a first champion needs every floor.",
    )


@pytest.mark.parametrize(
    ("category", "priority", "promoted", "said"),
    [
        ((0.03, 0.02), (0.02, 0.01), True, "significantly better"),
        ((0.005, 0.02), (0.0, 0.02), True, "better, but it may be chance"),
        ((0.03, 0.02), (-0.005, 0.02), True, "worse, within the 0.010 that is accepted"),
        ((0.03, 0.02), (-0.005, 0.004), False, "significantly worse"),
        ((0.03, 0.02), (-0.02, 0.05), False, "worse by more than the 0.010 that is accepted"),
        ((0.0, 0.02), (0.0, 0.02), False, "no better and no worse"),
        ((-0.005, 0.02), (0.0, 0.02), False, "no task got better"),
    ],
)
def test_against_a_champion(
    category: tuple[float, float], priority: tuple[float, float], promoted: bool, said: str
) -> None:
    verdict = contest(category, priority)
    assert verdict.promote is promoted
    assert said in " ".join(verdict.reasons)


def test_another_decision_rule_for_the_same_labels_takes_effect() -> None:
    same = {
        task: dataclasses.replace(one, changed=0, mended=0, broken=0)
        for task, one in differences({"category": (0.0, 0.0), "priority": (0.0, 0.0)}).items()
    }
    verdict = decide(CANDIDATE, CHAMPION, POLICY, same)
    assert verdict.promote
    assert "the same labels" in verdict.reasons[-1]


@pytest.mark.parametrize(
    ("figure", "interval", "promoted"),
    [
        ("ece", (-0.02, -0.04, -0.001), False),
        ("ece", (-0.02, -0.04, 0.001), True),
        ("auto_precision", (-0.02, -0.03, -0.01), False),
        ("log_loss", (-0.02, -0.03, -0.01), True),  # not guarded
        ("accuracy", (float("nan"),) * 3, True),
    ],
)
def test_no_guarded_figure_may_be_significantly_worse(
    figure: str, interval: tuple[float, float, float], promoted: bool
) -> None:
    gained = differences({"category": (0.03, 0.02), "priority": (0.0, 0.02)})
    gained["priority"] = dataclasses.replace(gained["priority"], gains={figure: Figure(*interval)})
    verdict = decide(CANDIDATE, CHAMPION, POLICY, gained)
    assert verdict.promote is promoted
    if not promoted:
        said = f"priority: {figure.replace('_', ' ')} is significantly worse than that of version 7, by 0.020"
        assert said in " ".join(verdict.reasons)
        assert "a guarded figure got worse" in verdict.reasons[-1]


def test_who_changes_the_decision_rule_alone_is_not_held_to_the_routing_of_before() -> None:
    for figure, promoted in (("auto_precision", True), ("ece", False)):
        same = {
            task: dataclasses.replace(one, changed=0, gains={figure: Figure(-0.05, -0.06, -0.04)})
            for task, one in differences({"category": (0.0, 0.0), "priority": (0.0, 0.0)}).items()
        }
        assert decide(CANDIDATE, CHAMPION, POLICY, same).promote is promoted


def test_the_urgent_tickets_called_low_are_told_with_their_bound() -> None:
    guarded = dataclasses.replace(CANDIDATE, missed_high=0.019, missed_bound=0.039)
    said = "priority: of cross-fitted gold high 1.9% is called low, at most 3.9%; the floor is 2.0%."
    assert decide(guarded, None, POLICY).reasons[0] == said
    gained = differences({"category": (0.1, 0.01), "priority": (0, 0.01)})
    assert decide(guarded, CHAMPION, POLICY, gained).reasons[0] == said
    over = decide(dataclasses.replace(guarded, missed_high=0.021), None, POLICY)
    assert not over.promote and "2.1% of the tickets of high priority low" in over.reasons[0]


def test_the_reasons_hold_the_numbers() -> None:
    assert contest((0.03, 0.02), (-0.005, 0.02)).reasons == (
        "category: macro-F1 0.630 against 0.600 of version 7, difference +0.030 "
        "(95% interval +0.010 to +0.050): significantly better.",
        "priority: macro-F1 0.595 against 0.600 of version 7, difference -0.005 "
        "(95% interval -0.025 to +0.015): worse, within the 0.010 that is accepted, and it may be chance.",
        "version 8 takes the place of version 7: better in category, nothing worse than accepted.",
    )


def test_a_task_that_the_test_has_no_gold_for_is_not_let_in_unjudged() -> None:
    unjudged = dataclasses.replace(CANDIDATE, macro_f1={"category": 0.9})
    verdict = decide(unjudged, None, POLICY)
    assert not verdict.promote
    assert "answers priority, of which the gold test has no label" in verdict.reasons[0]


def test_what_cannot_be_compared_is_refused_however_good_it_is() -> None:
    great = ((0.2, 0.01), (0.2, 0.01))
    assert contest(*great).promote
    for change, said in (
        ({"labels": frozenset({"billing", "refund"})}, "one of them knows praise, refund"),
        (
            {"training_keys": frozenset({"t1", "t3", "z"})},
            "2 of the gold test's 3 texts were in the training of version 8",
        ),
        ({"test_keys": TEST | {"t4"}}, "different tickets"),
        ({"tasks": ("category",)}, "version 7 answers priority and version 8 does not"),
        ({"model": "seven"}, "version 8 is the champion already"),
    ):
        verdict = contest(*great, **change)
        assert not verdict.promote
        assert said in " ".join(verdict.reasons)


def test_a_test_text_in_the_champions_training_is_refused_too_and_without_a_champion() -> None:
    leaking = dataclasses.replace(CHAMPION, training_keys=frozenset({"t2"}))
    verdict = decide(
        CANDIDATE, leaking, POLICY, differences({"category": (0.1, 0.01), "priority": (0.1, 0.01)})
    )
    assert (
        not verdict.promote
        and "1 of the gold test's 3 texts were in the training of version 7" in verdict.reasons[0]
    )
    assert not decide(dataclasses.replace(CANDIDATE, training_keys=TEST), None, POLICY).promote


def test_a_task_that_the_champion_lacked_needs_its_floor() -> None:
    champion = dataclasses.replace(CHAMPION, tasks=("category",), macro_f1={"category": 0.6})
    same = differences({"category": (0.0, 0.01)})
    for priority, promoted in ((0.46, True), (0.44, False)):
        candidate = dataclasses.replace(CANDIDATE, macro_f1={"category": 0.6, "priority": priority})
        assert decide(candidate, champion, POLICY, same).promote is promoted


@given(gains, gains, widths, widths, st.floats(0, 0.2))
def test_a_better_candidate_never_fares_worse(
    category: float, priority: float, one: float, two: float, more: float
) -> None:
    if contest((category, one), (priority, two)).promote:
        assert contest((category + more, one), (priority, two)).promote
        assert contest((category, one), (priority + more, two)).promote


@given(gains, gains, widths, widths)
def test_what_is_promoted_lost_no_more_than_accepted_and_gained_somewhere(
    category: float, priority: float, one: float, two: float
) -> None:
    verdict = contest((category, one), (priority, two))
    lost = min(category, priority) < -POLICY.max_loss or category + one < 0 or priority + two < 0
    assert verdict.promote == (not lost and max(category, priority) > 0)
    assert all(reason.endswith(".") for reason in verdict.reasons)
    assert len(verdict.reasons) == 3


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_first_score_never_fares_worse(category: float, priority: float, more: float) -> None:
    assert first(category, priority).promote <= first(max(category, more), priority).promote


def test_two_fitted_models_are_judged_from_their_evaluations() -> None:
    settings = params.Evaluate(
        bootstrap=40, confidence=0.95, min_slice=30, recall_high=0.7, deletion=40, seed=0
    )
    tickets = small_model.tickets(300, seed=4)

    @cache
    def measured(rows: int, leak: int = 0) -> comparison.Evaluation:
        train = small_model.tickets(rows, seed=1)
        keys = [*train["text_key"], *tickets["text_key"].head(leak)]
        model = small_model.SmallModel.fit(train, info={"training_keys": keys})
        return evaluate(model, tickets, None, settings, on="the gold test", digest=f"{rows} rows")

    def verdict(ours: int, theirs: int, leak: int = 0, policy: params.Policy = POLICY) -> Verdict:
        pair = comparison.compare(
            measured(ours), measured(theirs, leak), bootstrap=40, confidence=0.95, seed=0
        )
        return judge(pair, policy, "version 2", "version 1")

    assert "ece is significantly worse" in " ".join(verdict(300, 40).reasons), (
        "small models are not calibrated"
    )
    loose = POLICY.model_copy(update={"guarded": ("macro_f1", "accuracy", "aurc")})
    assert verdict(300, 40, policy=loose).promote
    assert not verdict(40, 300).promote
    assert "champion already" in verdict(300, 300).reasons[0]
    assert "were in the training of version 1" in verdict(300, 40, leak=3).reasons[0]
    assert judge(
        comparison.compare(measured(300), None, bootstrap=10, confidence=0.9, seed=0), POLICY, "v1", None
    ).promote
