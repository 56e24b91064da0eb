"""What is simulated is what the model would do."""

from pathlib import Path

import pandas as pd
import pytest
from test_report import visible

from ticket_triage import params
from ticket_triage.evaluation import simulation
from ticket_triage.files import TriageError
from ticket_triage.models.triage_model import TriageModel

PARAMS = params.read(Path(__file__).parent.parent / "params.yaml")
MEASURE = PARAMS.evaluate.model_copy(update={"bootstrap": 40})


@pytest.fixture(scope="module")
def found(model: TriageModel, split_tables: tuple[pd.DataFrame, pd.DataFrame]) -> simulation.Simulation:
    return simulation.simulate(model, split_tables[1], PARAMS.assemble, MEASURE)


def test_as_served_is_what_the_model_decides_on_the_other_half(
    found: simulation.Simulation, model: TriageModel, split_tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    rest = split_tables[1][split_tables[1]["half"] == "conformal"]
    decided = model.predict(rest)["decision"] == "auto"
    served = found.scenarios[0].figures
    assert served["routed"].value == pytest.approx(decided.mean())
    assert served["routed"].low <= served["routed"].value <= served["routed"].high
    assert found.judged_on == len(rest)


def test_reading_all_costs_a_review_each_and_routing_all_saves_most(found: simulation.Simulation) -> None:
    by = {one.name: one.figures for one in found.scenarios}
    assert by["none"]["cost"] == pytest.approx((PARAMS.assemble.costs.review,) * 3)
    assert by["none"]["saved"].value == by["none"]["wrong"].value == 0
    assert by["all"]["saved"].value == max(one["saved"].value for one in by.values())
    rare = min(
        (one for name, one in by.items() if name != "none"), key=lambda one: one["missed_urgent"].value
    )
    assert rare["missed_urgent"].high > rare["missed_urgent"].value, "none that was missed is not never"
    assert by["all"]["wrong"].value == max(one["wrong"].value for one in by.values())


def test_the_curve_goes_from_little_to_much_reading(found: simulation.Simulation) -> None:
    assert found.curve["reviewed"].is_monotonic_increasing
    assert (found.curve["cost_low"] <= found.curve["cost"] + 1e-9).all()
    assert found.curve["reviewed"].iloc[-1] > 0.9


def test_the_page_loads_nothing_and_says_all_settings(found: simulation.Simulation, tmp_path: Path) -> None:
    simulation.write(tmp_path / "deep/page.html", found)
    words = visible((tmp_path / "deep/page.html").read_text("utf-8"))
    for one in found.scenarios:
        assert simulation.TITLES[one.name] in words
    assert f"judged on {found.judged_on} others" in words


def test_without_gold_there_is_nothing_to_weigh(
    model: TriageModel, split_tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    with pytest.raises(TriageError, match="no gold for category and priority"):
        simulation.simulate(model, split_tables[1].assign(gold_category=None), PARAMS.assemble, MEASURE)
