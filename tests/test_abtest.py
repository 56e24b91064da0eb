import re

import numpy as np
import pandas as pd
import pytest

from ticket_triage.evaluation import abtest

STEPS = {0: 0.05, 1: 0.25, 2: 1.0}


def drawn(seed: int, more: float = 0.1, slower: float = 1.2, tickets: int = 2_000):
    """Customers of five tickets each, who are alike in themselves; a busier time at each step, for both."""
    random = np.random.default_rng(seed)
    customer = random.integers(tickets // 5, size=tickets)
    temper = random.normal(0, 0.1, tickets // 5)
    step = np.sort(random.integers(3, size=tickets))
    tried = random.random(tickets // 5)[customer] < np.array(list(STEPS.values()))[step]
    review = 0.3 + 0.1 * step + temper[customer] + more * tried
    given = pd.DataFrame(
        {
            "step": step,
            "variant": np.where(tried, "challenger", "champion"),
            "unit": customer.astype(str),
            "review": random.random(tickets) < review,
            "errors": False,
            "overrides": random.random(tickets) < 0.05,
            "milliseconds": random.lognormal(2 + 0.3 * step, 0.3) * np.where(tried, slower, 1.0),
        }
    )
    both = given[tried].head(200)
    same = random.random((2, len(both))) < 0.9
    pairs = pd.DataFrame(
        {
            **{"unit": both["unit"], "category": same[0], "priority": same[1]},
            **{"champion": random.random(len(both)) < 0.3, "challenger": both["review"]},
        }
    )
    return given, pairs


def by_name(seed: int, **more) -> dict[str, abtest.Effect]:
    return {one.name: one for one in abtest.compare(*drawn(seed, **more))}


def test_intervals_hold_what_is_true_as_often_as_they_say():
    held = dict.fromkeys(("sent to people", "milliseconds (geometric mean)", "same category"), 0)
    for seed in range(40):
        found = by_name(seed)
        for name, truth in zip(held, (0.1, 1.2, 0.9), strict=True):
            held[name] += found[name].low <= truth <= found[name].high
    assert all(33 <= times <= 40 for times in held.values()), held
    # All steps in one, the busier time is taken for the challenger's doing.
    given, pairs = drawn(0, more=0)
    mixed = abtest.compare(given.assign(step=0), pairs)[0]
    assert mixed.low > 0 > abtest.compare(given, pairs)[0].low


def test_what_never_happened_has_an_interval_and_what_was_not_tried_none():
    found = by_name(1)
    assert found["degraded"].effect == 0 and -0.05 < found["degraded"].low < 0 < found["degraded"].high < 0.05
    given, pairs = drawn(1)
    alone = abtest.compare(given[given["variant"] == "champion"], pairs.head(0))
    assert all(np.isnan(one.effect) for one in alone)
    assert "–" in abtest.lines(alone)[0]


@pytest.mark.parametrize("more, sign", [(0.3, 1), (-0.2, -1)])
def test_lines_and_page_tell_the_effects_and_need_no_network(more, sign):
    given, pairs = drawn(2, more=more)
    effects = abtest.compare(given, pairs)
    assert np.sign(effects[0].effect) == np.sign(effects[0].h) == sign
    assert re.match(
        r"sent to people: [\d.]+% → [\d.]+%, [+-][\d.]+ points \[.* to .*\], h ", abtest.lines(effects)[0]
    )
    page = abtest.page("Version 4 beside 3", given, pairs, ["started <b>"])
    assert "Cohen" in page and "started &lt;b&gt;" in page and "<script" not in page and "http" not in page
