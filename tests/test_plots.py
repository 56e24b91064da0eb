"""Pictures: well-formed, self-contained, and with the figures in them."""

import xml.etree.ElementTree as ElementTree

import pandas as pd

from ticket_triage.evaluation import plots


def texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return ["".join(node.itertext()) for node in root.iter() if node.tag in ("text", "title")]


def test_a_heatmap_names_its_classes_and_counts_and_escapes_them() -> None:
    counts = pd.DataFrame([[8, 2], [0, 5]], index=["a<b", "c & d"], columns=["a<b", "c & d"])
    found = texts(plots.heatmap(counts))
    assert {"a<b", "c & d", "8", "2", "5"} <= set(found)
    assert "a<b answered as c & d: 2 (20%)" in found


def test_a_heatmap_of_many_classes_stays_small() -> None:
    names = [f"class {number}" for number in range(80)]
    counts = pd.DataFrame(0, index=names, columns=names)
    for name in names:
        counts.loc[name, name] = 3
    svg = plots.heatmap(counts)
    assert len(svg) < 60_000
    assert "class 7 answered as class 7: 3 (100%)" in texts(svg)


def test_reliability_says_each_bin() -> None:
    bins = pd.DataFrame({"tickets": [10, 40], "confidence": [0.4, 0.9], "accuracy": [0.5, 0.85]})
    bins = bins.assign(low=[0.24, 0.71], high=[0.76, 0.93])
    assert "40 tickets: confidence 0.90, accuracy 0.85 (0.71 to 0.93)" in texts(plots.reliability(bins))


def test_risk_and_coverage_marks_the_threshold_unless_nothing_is_that_sure() -> None:
    curve = pd.DataFrame({"threshold": [0.9, 0.7, 0.5], "coverage": [0.2, 0.6, 1.0], "risk": [0, 0.05, 0.2]})
    assert "from 0.60: 60% of answers, 5.0% wrong" in texts(plots.risk_coverage(curve, 0.6))
    assert not any("from" in text for text in texts(plots.risk_coverage(curve, 0.95)))


def test_bars_and_whiskers_show_their_values() -> None:
    assert {"refund", "25%", "-10%"} <= set(texts(plots.bars(["refund", "hello"], [0.25, -0.1])))
    found = texts(
        plots.whiskers([("candidate", 0.61, 0.58, 0.64), ("none", float("nan"), float("nan"), float("nan"))])
    )
    assert "0.610 (0.580 to 0.640)" in found and "none" in found
    assert texts(plots.bars([], [])) == []
