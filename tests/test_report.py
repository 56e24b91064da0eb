"""The files of an evaluation: complete, equal for equal figures, and open offline."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import small_model

from ticket_triage import params
from ticket_triage.evaluation import Evaluation, confusions, evaluate, report

SETTINGS = params.Evaluate(bootstrap=30, confidence=0.9, min_slice=30, recall_high=0.7, deletion=40, seed=0)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    tickets = small_model.tickets(160, seed=1)
    model = small_model.SmallModel.fit(small_model.tickets(150, seed=2))
    return evaluate(model, tickets, small_model.hindsight(tickets), SETTINGS, digest="0123abcd")


def visible(page: str) -> str:
    """The words of a page; fails on a tag that loads anything or that is not closed in its order."""
    words: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            assert tag not in ("script", "link", "img", "iframe", "object")
            assert not [
                value
                for name, value in attributes
                if name in ("src", "href") and not str(value).startswith("#")
            ]

        def handle_data(self, data: str) -> None:
            words.append(data)

    Reader().feed(page)
    assert "@import" not in page and "url(" not in page
    return re.sub(r"\s+", " ", " ".join(words))


def test_the_page_says_what_was_measured_and_loads_nothing(evaluation: Evaluation) -> None:
    words = visible(report.page(evaluation, openings=3))
    for said in (
        "Evaluation on validation",
        "0123abcd",
        "opened 3 times",
        "Macro-F1",
        "90 % intervals",
        "billing",
    ):
        assert said in words
    assert f"{evaluation.tasks['category'].figures['macro_f1'].value:.3f}" in words
    assert "logistic_regression" in words and "chosen for the test" in words and "Acme" in words
    assert "opened" not in visible(report.page(evaluation))


def test_no_ticket_text_is_in_any_file(evaluation: Evaluation, tmp_path: Path) -> None:
    report.write(tmp_path, evaluation)
    texts = small_model.tickets(160, seed=1)["text"]
    for file in tmp_path.iterdir():
        content = file.read_text("utf-8")
        assert not [text for text in texts if text in content]


def test_equal_evaluations_are_equal_bytes(evaluation: Evaluation, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        report.write(tmp_path / folder, evaluation)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_metrics_and_tables_are_as_measured(evaluation: Evaluation, tmp_path: Path) -> None:
    report.write(tmp_path, evaluation)
    assert json.loads((tmp_path / "metrics.json").read_text()) == evaluation.headline()
    confusion = pd.read_csv(tmp_path / "confusion_category.csv")
    assert list(confusion) == ["actual", "predicted"]
    accuracy = (confusion["actual"] == confusion["predicted"]).mean()
    assert accuracy == pytest.approx(evaluation.headline()["category.accuracy"], abs=1e-6)
    for name in ("classes", "slices"):
        table = pd.read_csv(tmp_path / f"{name}.csv")
        assert set(table["task"]) == {"category", "priority"}


def test_a_model_of_one_task_has_every_table_too(tmp_path: Path) -> None:
    tickets = small_model.tickets(60, seed=1)
    model = small_model.SmallModel.fit(tickets, tasks=("category",))
    report.write(tmp_path, evaluate(model, tickets, None, SETTINGS))
    for name in ("confusion", "reliability", "risk_coverage", "importance"):
        with_rows, without = (
            pd.read_csv(tmp_path / f"{name}_{task}.csv") for task in ("category", "priority")
        )
        assert without.empty and len(with_rows)
        assert list(with_rows) == list(without)
    assert "priority" not in visible((tmp_path / "report.html").read_text("utf-8"))


def test_what_it_says_of_itself_comes_first_and_each_section_is_there(evaluation: Evaluation) -> None:
    words = visible(report.page(evaluation))
    order = [
        "What it says of itself, and what was measured",
        "What is routed without a person, and how right it is",
        "What it takes for what",
        "Its surest mistakes",
        "Is it as sure as it is right?",
        "Is it alike for all?",
    ]
    assert [words.index(title) for title in order] == sorted(words.index(title) for title in order)
    assert words.count("The urgent ones") == 1, "of priority alone"
    strict = evaluation.tasks["category"].figures["sure_precision_strict"]
    assert f"{strict.value:.1%}" in words


def test_the_page_may_show_how_a_mistake_begins_but_no_other_file(tmp_path: Path) -> None:
    tickets = small_model.tickets(160, seed=1)
    tickets["text"] = "call me at 555-010-4477 " + tickets["text"]
    model = small_model.SmallModel.fit(small_model.tickets(40, seed=2))
    found = evaluate(model, tickets, None, SETTINGS, excerpts=True)
    report.write(tmp_path, found)
    page = (tmp_path / "report.html").read_text("utf-8")
    shown = confusions.mistakes(found.tasks["category"].answers).index[0]
    assert found.excerpts[shown][:10] == "call me at" and page.count("call me at") > 5
    assert "555-010-4477" not in page, "personal data is masked"
    for name in ("errors.csv", "confused.csv", "model_card.md", "metrics.json"):
        assert "call me at" not in (tmp_path / name).read_text("utf-8")
    errors = pd.read_csv(tmp_path / "errors.csv")
    assert set(errors["key"]) <= set(tickets["text_key"])


def test_labels_and_features_are_escaped() -> None:
    tickets = small_model.tickets(60, seed=1)
    tickets["gold_category"] = tickets["gold_category"].replace("billing", "<b>bill</b>")
    model = small_model.SmallModel.fit(tickets)
    assert "<b>bill" not in report.page(evaluate(model, tickets, None, SETTINGS))


def test_the_model_card_has_every_figure_with_its_interval_and_its_weak_spots(evaluation: Evaluation) -> None:
    card = report.card(evaluation)
    for task, part in evaluation.tasks.items():
        assert f"## {task}" in card
        f1 = part.figures["macro_f1"]
        assert f"| Macro-F1 | {f1.value:.3f} | {f1.low:.3f} to {f1.high:.3f} |" in card
        worst = part.classes[part.classes["support"] > 0].sort_values("f1").iloc[0]
        assert f"Weakest labels: {worst['label']} (F1 {worst['f1']:.3f}" in card
    assert "0123abcd" in card
    assert "&" not in card  # Markdown, not HTML
    assert not re.search(r"\n{4}", card)


def test_the_learning_curve_is_shown_where_there_is_one(evaluation: Evaluation) -> None:
    assert "Learning curve" not in report.page(evaluation)
    curve = {
        "rows": 900,
        "points": [{"rows": n, "value": 0.5, "low": 0.4, "high": 0.6} for n in (75, 150, 300, 600)],
        "law": [0.9, 2.0, 0.3],
        "now": [0.7, 0.65, 0.75],
        "more": 200,
        "gain": [0.004, 0.002, 0.009],
    }
    forecast = {
        "category": {"verdict": "enough", "sentences": [], "curve": curve},
        "priority": {"verdict": "too little", "sentences": [], "curve": None},
    }
    words = visible(report.page(evaluation, forecast=forecast))
    assert (
        "Learning curve" in words
        and "200 more labels would bring it about +0.004 (+0.002 to +0.009)" in words
    )
