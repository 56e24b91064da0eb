"""A small triage model, truly trained by the code that trains all others, shared by the tests that need one."""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

# Before NumPy is imported. Threads that share a core wait for each other: fine-tuning took ten times as long.
os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
# Services that tests start are open to this machine; tests of keys take it back.
os.environ["TICKET_TRIAGE_OPEN"] = "1"

import hypothesis
import pandas as pd
import pytest
import small_encoder
import small_model
import small_taxonomy
from filelock import FileLock
from postgres import Postgres, programs
from small_repository import run_once

from ticket_triage import features, params, taxonomy
from ticket_triage.models import assembly, encoding, member, shelf, training
from ticket_triage.models.triage_model import TriageModel

ROOT = Path(__file__).parent.parent
hypothesis.settings.register_profile(
    "house", deadline=None
)  # nothing is timed in a test: machines are shared
hypothesis.settings.load_profile("house")
FAMILIES = ("naive_bayes", "logistic_regression", "lightgbm")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a worker takes at once: the tests of a file, which share fixtures, or one on the whole pipeline.

    The first test waits for the pipeline's run, while other workers begin with what needs none.
    """
    whole = [item for item in items if "pipeline_folder" in getattr(item, "fixturenames", ())]
    rest = [item for item in items if item not in whole]
    for item in rest:
        item.add_marker(pytest.mark.xdist_group(item.path.stem))
    longest_first = sorted(whole[1:], key=lambda item: "copy" not in item.fixturenames)
    items[:] = [*whole[:1], *rest, *longest_first]


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
def encode_settings(tmp_path_factory: pytest.TempPathFactory) -> params.Encode:
    """`params.yaml`'s own, but a small encoder with drawn weights, which suffers more from eight bits."""
    folder = tmp_path_factory.mktemp("encoder")
    words = " ".join([*small_model.WORDS.values(), small_model.URGENT]).split()
    digest = small_encoder.write(folder, words)
    own = params.read(ROOT / "params.yaml").encode
    return own.model_copy(update={"source": str(folder), "sha256": digest, "min_agreement": 0.9})


@pytest.fixture(scope="session")
def learnt(
    train_settings: params.Train, split_tables: tuple[pd.DataFrame, pd.DataFrame]
) -> dict[str, training.Training]:
    """What members of each task learn from."""
    train, _ = split_tables
    table = features.build(train)
    table.insert(0, "ticket_id", train["ticket_id"])
    weak = pd.DataFrame({"ticket_id": [], "category": [], "priority": []}, dtype="str")
    rules = taxonomy.to_yaml(small_taxonomy.make())
    return {
        task: training.select(task, table, train, weak, rules, train_settings)
        for task in ("category", "priority")
    }


@pytest.fixture(scope="session")
def members(
    train_settings: params.Train,
    encode_settings: params.Encode,
    learnt: dict[str, training.Training],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[tuple[str, str], Path]:
    """Saved members by task and family."""
    home = tmp_path_factory.mktemp("members")
    found = {}
    for task, rows in learnt.items():
        for family in FAMILIES:
            fitted = member.fit(task, family, rows, train_settings, home / f"{task}-{family}.log")
            found[task, family] = home / task / family
            shelf.save(fitted, found[task, family])
    journals = {task: home / f"{task}-encoder.log" for task in learnt}
    none = pd.Series(dtype="str")
    made = encoding.make(
        learnt, none, none, encode_settings, train_settings, journals, lambda done, best: None
    )
    return found | encoding.save(made, home)


@pytest.fixture(scope="session")
def model_folder(
    members: dict[tuple[str, str], Path],
    split_tables: tuple[pd.DataFrame, pd.DataFrame],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A saved triage model of both tasks."""
    home = tmp_path_factory.mktemp("model")
    train, validation = split_tables
    # No member is dropped, so that all tests of the model are tests of one with an encoder.
    settings = params.read(ROOT / "params.yaml").assemble.model_copy(update={"min_gain": 0.0})
    model = assembly.assemble(
        [shelf.read(folder) for folder in members.values()],
        train,
        validation,
        validation.head(0),
        taxonomy.from_labels(small_model.WORDS, "small"),
        settings,
        calendar=False,
        info={"data": "0" * 32},
        stage=home / "stage",
    )
    model.save(home / "triage", home / "stage", model.observe(validation))
    return home / "triage"


@pytest.fixture(scope="session")
def bento_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of Bentos."""
    return tmp_path_factory.mktemp("home") / ".bentoml"


@pytest.fixture(scope="session")
def bento(model_folder: Path, bento_home: Path) -> str:
    """Tag of the model's Bento in `bento_home`."""
    from ticket_triage.schema import ModelRef
    from ticket_triage.serving.package import package

    return package(
        model_folder, ModelRef(name="tickets", version="3"), bento_home, {"commit": "abc"}, root=ROOT
    )


@pytest.fixture(scope="session")
def model(model_folder: Path) -> TriageModel:
    """The same, loaded."""
    return TriageModel.load(model_folder)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's tables without a row of ours, which take it a second to make and a slow disk much longer."""
    from mlflow import MlflowClient  # seconds that only some tests need

    path = tmp_path_factory.mktemp("database") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def store(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with an MLflow store of its own in which nothing was recorded yet."""
    shutil.copyfile(empty_database, tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def pipeline_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A repository in which the whole pipeline ran once, on a small generated sample."""
    if worker_id == "master":
        return run_once(tmp_path_factory.mktemp("pipeline"))
    # Workers share the run and have a copy each, since tests change what is in it and take it back.
    shared = tmp_path_factory.getbasetemp().parent / "pipeline"
    with FileLock(f"{shared}.lock"):
        if not Path(f"{shared}.done").exists():
            shutil.rmtree(shared, ignore_errors=True)
            shared.mkdir()
            run_once(shared)
            Path(f"{shared}.done").touch()
    return Path(shutil.copytree(shared, tmp_path_factory.mktemp("own") / "pipeline", symlinks=True))


@pytest.fixture
def copy(pipeline_folder: Path, tmp_path: Path) -> Path:
    """The same with its own registry: what happens in one cannot be taken back for the other tests."""
    return Path(shutil.copytree(pipeline_folder, tmp_path / "copy", symlinks=True))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A running PostgreSQL of this session's own."""
    if programs() is None:
        assert not os.environ.get("CI"), "PostgreSQL is lacking: .ci/run installs it"
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    server = Postgres()
    yield server
    server.close()


@pytest.fixture
def postgres(postgres_server: Postgres) -> Postgres:
    """It, running again whatever the last test did to it."""
    if postgres_server.process.poll() is not None:
        postgres_server.start()
    return postgres_server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new empty database, of each kind that the decision log takes."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/decisions.db"
    return str(request.getfixturevalue("postgres").database(uuid.uuid4().hex))
