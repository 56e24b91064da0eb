from datetime import UTC, datetime

import numpy as np
import pytest

from ticket_triage.serving.rollout import guard
from ticket_triage.serving.rollout.counts import Arm, Counts, Tally
from ticket_triage.serving.rollout.guard import Limits
from ticket_triage.serving.rollout.plan import Plan, Step

RAMP = (Step(share=0.05, tickets=100, seconds=60), Step(share=1.0, tickets=0, seconds=0))
PLAN = Plan(rollout="r", mode="canary", share=0.05, step=1, since=datetime.now(UTC), ramp=RAMP)
LIMITS = Limits(alpha=0.05, errors=0.01, review=0.1, overrides=0.05, disagreement=0.3, latency=1.5)
STRICT = Limits(alpha=0.1, errors=0, review=0, overrides=0, disagreement=0.2, latency=1)


def drawn(seed: int, tickets: int, **worse: float) -> list[Counts]:
    """A rollout's counts as tickets come, looked at every 25th; half are the challenger's."""
    random, tally, looks = np.random.default_rng(seed), Tally(), []
    for ticket in range(1, tickets + 1):
        for variant in ("champion", "challenger"):
            more = worse if variant == "challenger" else {}
            review = random.random() < 0.3 + more.get("review", 0)
            faults = random.random() < 0.01 + more.get("errors", 0)
            tally.add(variant, answered=1, served=1, review=int(review), faults=int(faults))
            tally.add(variant, overridden=int(random.random() < 0.05 + more.get("overrides", 0)))
            tally.time(variant, float(random.lognormal(2, 0.3)) * more.get("latency", 1))
        tally.pair(bool(random.random() < 0.1 + worse.get("disagreement", 0)))
        if ticket % 25 == 0:
            looks.append(tally.counts())
    return looks


def test_an_equal_challenger_is_seldom_taken_back_though_looked_at_all_the_time():
    alarms = sum(
        any(guard.judge(PLAN, counts, 0, STRICT).do == "take back" for counts in drawn(seed, 300))
        for seed in range(60)
    )
    assert alarms / 60 <= STRICT.alpha


@pytest.mark.parametrize(
    "metric, by",
    [("review", 0.4), ("errors", 0.25), ("overrides", 0.3), ("disagreement", 0.5), ("latency", 3.0)],
)
def test_each_kind_of_harm_is_found_and_named(metric, by):
    found = 0
    for seed in range(4):
        for counts in drawn(seed, 400, **{metric: by}):
            verdict = guard.judge(PLAN, counts, 0, LIMITS)
            if verdict.do == "take back":
                assert verdict.why.startswith(f"{metric}: ") and "allowed" in verdict.why
                found += 1
                break
    assert found == 4


def test_more_corrections_than_answers_do_not_stop_the_guard():
    arms = {"champion": Arm(overridden=1), "challenger": Arm(answered=1, served=1, faults=1, overridden=3)}
    found = {finding.metric: finding for finding in guard.look(Counts(**arms), LIMITS, 1)}
    assert (found["overrides"].champion, found["overrides"].challenger) == (None, 1.0)
    harmed = {
        "champion": Arm(answered=300, served=1),
        "challenger": Arm(answered=300, faults=300, overridden=9),
    }
    assert guard.judge(PLAN, Counts(**harmed), 0, LIMITS).do == "take back"


def test_unseen_answers_are_not_judged_by_their_time():
    counts = drawn(0, 200, latency=3.0)[-1]
    shadow = PLAN.model_copy(update={"mode": "shadow", "share": 1.0})
    assert guard.judge(shadow, counts, 1e6, LIMITS).do == "wait"


def test_a_step_is_left_once_its_tickets_and_its_time_are_in():
    looks = drawn(1, 200)
    few, many = looks[2], looks[-1]
    assert guard.judge(PLAN, few, 61, LIMITS).do == "wait"
    assert guard.judge(PLAN, many, 59, LIMITS).do == "wait"
    assert guard.judge(PLAN, many, 61, LIMITS).do == "go on"
    assert guard.judge(PLAN.at(1.0), many, 1e6, LIMITS).do == "wait"
    assert guard.judge(PLAN.model_copy(update={"ramp": ()}), many, 61, LIMITS).do == "wait"


def test_what_looks_too_bad_waits_until_it_is_sure():
    champion = Arm(answered=2_000, served=2_000, review=600)
    doubtful = Counts(champion=champion, challenger=Arm(answered=110, served=110, review=46))
    verdict = guard.judge(PLAN, doubtful, 61, LIMITS)
    assert verdict.do == "wait" and "review" in verdict.why


def test_later_steps_ask_for_more():
    counts = drawn(0, 75, review=0.3)[-1]
    (first,) = (one for one in guard.look(counts, LIMITS, 1) if one.metric == "review")
    (tenth,) = (one for one in guard.look(counts, LIMITS, 10) if one.metric == "review")
    assert tenth.worse < first.worse
    assert {row["metric"] for row in guard.table(counts, LIMITS, PLAN)} == {
        *("errors", "review", "overrides", "disagreement", "latency")
    }
