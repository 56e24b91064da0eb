"""A packaged model answers from arrays alone, and says what the model says that it was made of."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_single import TICKETS

from ticket_triage.files import TriageError, read_json, sha256, write_json
from ticket_triage.models import compiled
from ticket_triage.models.triage_model import TriageModel

HEAVY = (
    "sklearn",
    "scipy.stats",
    "pandas",
    "skops",
    "lightgbm",
    "xgboost",
    "pyarrow",
    "ticket_triage.params",
)
# In a process of its own: this one has imported everything.
ALONE = f"""
import json, sys
from pathlib import Path
from ticket_triage.serving import service
from ticket_triage.serving.predictor import Predictor
predictor = Predictor.load(Path(sys.argv[1]))
print(json.dumps([predictor.check(), [name for name in {HEAVY} if name in sys.modules]]))
"""


@pytest.fixture(scope="module")
def packaged(bento_home: Path, bento: str) -> Path:
    name, _, version = bento.partition(":")
    return bento_home / "bentos" / name / version / "src/model"


def test_it_says_to_the_bit_what_the_model_says(packaged: Path, model: TriageModel) -> None:
    assert (packaged / compiled.ABOUT).exists()
    found = TriageModel.load(packaged)
    for ticket in TICKETS:
        assert repr(found.single.answer(ticket, 5)) == repr(model.single.answer(ticket, 5))
        assert found.single.probabilities(ticket) == model.single.probabilities(ticket)


def test_tables_are_answered_by_the_fitted_parts(packaged: Path, model: TriageModel) -> None:
    table = pd.DataFrame({"text": [ticket["text"] for ticket in TICKETS]})
    found = TriageModel.load(packaged)
    pd.testing.assert_frame_equal(found.predict(table, 3), model.predict(table, 3))
    assert found.check() == []


def test_a_service_that_answers_has_not_imported_what_models_are_trained_with(packaged: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(packaged)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [[], []]


def test_what_other_code_wrote_is_left_alone(packaged: Path, tmp_path: Path) -> None:
    for name in (compiled.ABOUT, compiled.ARRAYS):
        (tmp_path / name).write_bytes((packaged / name).read_bytes())
    assert compiled.read(tmp_path) is not None
    about = read_json(tmp_path / compiled.ABOUT)
    write_json(tmp_path / compiled.ABOUT, about | {"format": compiled.FORMAT + 1})
    assert compiled.read(tmp_path) is None


def test_no_pickle_is_written_or_read(tmp_path: Path) -> None:
    made = compiled.Compiled({"a": compiled.KINDS["Filled"](np.array([None, 1]))}, {})
    with pytest.raises(ValueError, match="allow_pickle"):
        compiled.write(made, tmp_path)


def test_a_part_that_changed_after_the_model_was_loaded_is_not_opened(packaged: Path, tmp_path: Path) -> None:
    for path in packaged.rglob("*"):
        if path.is_file():
            place = tmp_path / path.relative_to(packaged)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    found = TriageModel.load(tmp_path)
    part = tmp_path / "members" / next(iter(found.estimators))
    before = sha256(part)
    part.write_bytes(part.read_bytes()[:-1])
    assert sha256(part) != before
    with pytest.raises(TriageError, match="another hash than its manifest"):
        found.estimators[part.name]
