"""A small triage model, truly trained by the code that trains all others, shared by the tests that need one."""

from pathlib import Path

import pandas as pd
import pytest
import small_model

from ticket_triage import features, params, taxonomy
from ticket_triage.models import assembly, member
from ticket_triage.models.triage_model import TriageModel

ROOT = Path(__file__).parent.parent
FAMILIES = ("naive_bayes", "logistic_regression", "lightgbm")


@pytest.fixture(scope="session")
def train_settings() -> params.Train:
    """`params.yaml`'s own, but one trial and two folds."""
    train = params.read(ROOT / "params.yaml").train
    lean = train.families["lightgbm"].model_copy(
        update={"fixed": train.families["lightgbm"].fixed | {"n_estimators": 5}}
    )
    return train.model_copy(update={"trials": 1, "folds": 2, "families": train.families | {"lightgbm": lean}})


@pytest.fixture(scope="session")
def split_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train and validation, as split writes them."""
    rows = small_model.tickets(900, seed=5).assign(customer=None)
    return rows.head(500), rows.tail(400)


@pytest.fixture(scope="session")
def members(
    train_settings: params.Train,
    split_tables: tuple[pd.DataFrame, pd.DataFrame],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[tuple[str, str], Path]:
    """Saved members by task and family."""
    home = tmp_path_factory.mktemp("members")
    train, _ = split_tables
    table = features.build(train)
    table.insert(0, "ticket_id", train["ticket_id"])
    weak = pd.DataFrame({"ticket_id": [], "category": [], "priority": []}, dtype="str")
    found = {}
    for task in ("category", "priority"):
        for family in FAMILIES:
            training = member.training(task, table, train, weak, train_settings)
            fitted = member.fit(task, family, training, train_settings, home / f"{task}-{family}.log")
            found[task, family] = home / task / family
            member.save(fitted, found[task, family])
    return found


@pytest.fixture(scope="session")
def model_folder(
    members: dict[tuple[str, str], Path],
    split_tables: tuple[pd.DataFrame, pd.DataFrame],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A saved triage model of both tasks."""
    home = tmp_path_factory.mktemp("model")
    train, validation = split_tables
    settings = params.read(ROOT / "params.yaml").assemble
    model = assembly.assemble(
        [member.read(folder) for folder in members.values()],
        train,
        validation,
        taxonomy.from_labels(small_model.WORDS, "small"),
        settings,
        calendar=False,
        info={"data": "0" * 32},
        stage=home / "stage",
    )
    model.save(home / "triage", home / "stage", model.observe(validation))
    return home / "triage"


@pytest.fixture(scope="session")
def model(model_folder: Path) -> TriageModel:
    """The same, loaded."""
    return TriageModel.load(model_folder)
