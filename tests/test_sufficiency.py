"""Whether there is enough gold, in sentences that follow from the counts."""

from pathlib import Path

import pandas as pd
import pytest

from ticket_triage import params
from ticket_triage.evaluation import sufficiency
from ticket_triage.evaluation.learning_curve import Curve
from ticket_triage.files import read_json
from ticket_triage.intervals import Figure

SETTINGS = params.read(Path(__file__).parent.parent / "params.yaml").forecast
NEEDED = {"min_gold": 60, "folds": 3, "min_calibration": 150}
CURVE = Curve(
    rows=900,
    points=pd.DataFrame(
        {
            "rows": [75, 150, 300, 600],
            "value": [0.4, 0.5, 0.6, 0.65],
            "low": [0.3, 0.4, 0.5, 0.6],
            "high": [0.5, 0.6, 0.7, 0.7],
        }
    ),
    law=(0.9, 2.0, 0.3),
    now=Figure(0.7, 0.65, 0.75),
    more=200,
    gain=Figure(0.004, 0.002, 0.009),
    classes=pd.DataFrame(
        {"label": ["a", "b"], "rows": [400, 300], "f1": [0.8, 0.7], "low": [0.7, 0.6], "high": [0.9, 0.8]}
    ),
)
COUNTS = {
    "category": {
        "train": {"a": 600, "b": 300},
        "validation": {"a": 200, "b": 110},
        "test": {"a": 200, "b": 100},
    },
    "priority": {},
}


def test_enough_is_said_where_there_is_enough() -> None:
    found = sufficiency.judge("category", CURVE, COUNTS, SETTINGS, NEEDED)
    assert found.word == "enough"
    told = " ".join(found.sentences)
    assert "900 gold tickets to learn from, 2 labels" in told
    assert "0.700 (0.650 to 0.750)" in told and "+0.004 (+0.002 to +0.009)" in told
    assert "155 gold tickets choose the threshold: enough" in told


def test_what_is_not_learnt_or_hardly_or_cannot_be_judged_is_named() -> None:
    counts = {"category": {**COUNTS["category"], "train": {"a": 600, "b": 300, "c": 2}}}
    poor = CURVE.classes.assign(f1=[0.8, 0.2], high=[0.9, 0.3])
    found = sufficiency.judge(
        "category", CURVE.__class__(**{**vars(CURVE), "classes": poor}), counts, SETTINGS, NEEDED
    )
    told = " ".join(found.sentences)
    assert found.word == "thin"
    assert "fewer than 3 tickets to learn from: c." in told
    assert "surely below 0.5: b (F1 0.20, 300 tickets)" in told
    assert "under 30: c." in told
    steep = CURVE.__class__(**{**vars(CURVE), "gain": Figure(0.03, 0.02, 0.05)})
    assert sufficiency.judge("category", steep, COUNTS, SETTINGS, NEEDED).word == "thin"


def test_too_little_to_train_or_to_promise_is_too_little() -> None:
    none = sufficiency.judge("priority", None, COUNTS, SETTINGS, NEEDED)
    assert none.word == "too little" and "not trained, 60 are needed" in none.sentences[0]
    counts = {"category": {**COUNTS["category"], "validation": {"a": 100}}}
    found = sufficiency.judge("category", CURVE, counts, SETTINGS, NEEDED)
    assert found.word == "too little" and "no precision can be promised" in " ".join(found.sentences)


@pytest.mark.parametrize("second", [None, CURVE])
def test_the_files_say_it_and_open_offline(tmp_path: Path, second: Curve | None) -> None:
    curves = {"category": CURVE, "priority": second}
    counts = {task: COUNTS["category"] for task in curves}
    verdicts = {
        task: sufficiency.judge(task, curve, counts, SETTINGS, NEEDED) for task, curve in curves.items()
    }
    for folder in ("a", "b"):
        sufficiency.write(tmp_path / folder, verdicts, curves)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    found = read_json(tmp_path / "a/forecast.json")
    assert found["category"]["verdict"] == "enough" and found["category"]["curve"]["rows"] == 900
    page = (tmp_path / "a/forecast.html").read_text("utf-8")
    assert "900 gold tickets" in page and "<svg" in page and "http" not in page
    assert page.count("<figure>") == (1 if second is None else 2)
    assert len((tmp_path / "a/learning_curve.csv").read_text().splitlines()) == (5 if second is None else 9)
