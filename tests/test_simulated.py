"""The simulation on a terminal."""

import io
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from ticket_triage import params, simulated
from ticket_triage.evaluation import simulation
from ticket_triage.files import TriageError
from ticket_triage.models.triage_model import TriageModel

PARAMS = params.read(Path(__file__).parent.parent / "params.yaml")


def test_what_is_given_takes_the_place_of_what_params_say() -> None:
    found = simulated.asked(PARAMS.assemble, 30, None, ["review=2", "missed_urgent = 90"])
    assert found.capacity.reviewers_can == 30
    assert found.capacity.incoming == PARAMS.assemble.capacity.incoming
    assert (found.costs.review, found.costs.missed_urgent) == (2, 90)
    assert found.costs.wrong_category == PARAMS.assemble.costs.wrong_category


@pytest.mark.parametrize("cost", ["review", "review=x", "reviews=2", "review=-1"])
def test_a_cost_that_is_none_is_said_in_a_sentence(cost: str) -> None:
    with pytest.raises(TriageError, match="--cost"):
        simulated.asked(PARAMS.assemble, None, None, [cost])


def test_settings_and_curve_fit_a_terminal_of_eighty_characters(
    model: TriageModel, split_tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    measure = PARAMS.evaluate.model_copy(update={"bootstrap": 20})
    found = simulation.simulate(model, split_tables[1], PARAMS.assemble, measure)
    out = io.StringIO()
    simulated.show(found, Console(file=out, width=80))
    text = out.getvalue()
    for said in ("routed", "urgent missed", "hours saved", "◄ cheapest", f"on {found.chosen_on} gold"):
        assert said in " ".join(text.split())
    assert "…" not in text
    assert "! is more than" in " ".join(text.split()) and "! 100.0" in text
    assert "by promise" not in text, "it is what is served"
