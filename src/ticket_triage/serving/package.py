"""A model version, the code that answers with it and its exact requirements, as one Bento."""

import compileall
import os
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

import yaml

from ticket_triage import files
from ticket_triage.files import TriageError
from ticket_triage.schema import ModelRef
from ticket_triage.serving.predictor import METRICS, REF, read_ref

BENTOFILE = Path("bentofile.yaml")
MANIFEST = "manifest.json"
HASHED = Path("requirements/hashed.txt")  # in the Bento below src/; deploy/Dockerfile installs from it
HOME = Path(os.environ.get("BENTOML_HOME") or files.workspace() / "bentos")  # where Bentos are kept
# Whatever the user's shell says: nothing is reported to anyone.
QUIET = {"BENTOML_DO_NOT_TRACK": "True", "DO_NOT_TRACK": "1"}


def package(
    model_folder: Path,
    ref: ModelRef,
    bento_home: Path,
    tags: Mapping[str, str],
    name: str = "ticket-triage",
    root: Path = Path(),
    challenger: Path | None = None,
) -> str:
    """Build the Bento of a model version into the store at `bento_home` and return its tag.

    The tag's version is the model's version and a hash of model, code and requirements: the same inputs are
    the same Bento, and one that exists is not built again. `tags` become labels, outside the hash.
    `root` is the repository. A `challenger` is a model folder that the Bento brings along for a rollout.

    Raises:
        TriageError: something that the Bento is made of is missing, or BentoML refuses to build it.
    """
    bento_home = Path(bento_home).resolve()
    try:
        scratch = bento_home / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        # BentoML refuses to build from below a hidden folder, which the store's or the repository's may be.
        with tempfile.TemporaryDirectory() as build, tempfile.TemporaryDirectory(dir=scratch) as home:
            _fill(Path(build), Path(model_folder), ref, root)
            labels = {"model_name": ref.name, "model_version": ref.version, **tags}
            if challenger is not None:
                tried = _add(Path(build) / "challenger", challenger, read_ref(challenger))
                labels |= {"challenger_name": tried.name, "challenger_version": tried.version}
            return _package(Path(build), Path(home), ref, bento_home, labels, name)
    except OSError as error:
        raise TriageError(f"cannot write the Bento below {bento_home}: {error.strerror or error}") from error


def behind(bento: Path, model_folder: Path, root: Path = Path()) -> list[str]:
    """Of what a Bento's folder was made of, what is another today: "the code", "the champion", both or neither.

    What is not there, as outside the repository, is not asked for.
    """
    found = []
    if (root / BENTOFILE).exists():
        include = yaml.safe_load((root / BENTOFILE).read_text("utf-8"))["include"]
        ours = list(code(root, include))
        if ours != list(code(bento, include)) or not all(_same(root / path, bento / path) for path in ours):
            found.append("the code")
    if (model_folder / MANIFEST).exists():
        packaged = bento / "src/model"
        if (
            not (packaged / MANIFEST).exists()
            or read_ref(model_folder) != read_ref(packaged)
            or not files.read_json(model_folder / MANIFEST).items()
            <= files.read_json(packaged / MANIFEST).items()
        ):
            found.append("the champion")
    return found


def _same(one: Path, other: Path) -> bool:
    return one.read_bytes() == other.read_bytes()


def _package(
    build: Path, home: Path, ref: ModelRef, bento_home: Path, labels: Mapping[str, str], name: str
) -> str:
    bentofile = (build / BENTOFILE).read_text("utf-8")
    version = f"{ref.version}-{files.sha256(build)[:12]}"
    shelf = bento_home / "bentos" / name
    if not (shelf / version).exists():
        content = {**yaml.safe_load(bentofile), "name": name, "labels": dict(labels)}
        (build / BENTOFILE).write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
        _build(build, home, version)
        # Where a server may not write into it, its own code would be compiled at each start.
        made = home / "bentos" / name / version / "src"
        compileall.compile_dir(made, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
        # Built aside and moved whole: a kill leaves no half Bento under a tag.
        shelf.mkdir(parents=True, exist_ok=True)
        os.replace(home / "bentos" / name / version, shelf / version)
        files.write_text(shelf / "latest", version)
    return f"{name}:{version}"


def _fill(build: Path, model_folder: Path, ref: ModelRef, root: Path) -> None:
    """Lay out in `build` bentofile.yaml and what it includes."""
    bentofile = root / BENTOFILE
    if not bentofile.exists():
        raise TriageError(f"{bentofile} does not exist: package from the repository's folder")
    shutil.copy(bentofile, build / BENTOFILE)
    content = yaml.safe_load(bentofile.read_text("utf-8"))
    for path in code(root, content["include"]):
        target = build / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / path, target)
    _add(build / "model", model_folder, ref)
    lock = Path(content["python"]["requirements_txt"])
    (build / lock).parent.mkdir(parents=True, exist_ok=True)
    (build / lock).write_text("\n".join(pins(root / lock)) + "\n", "utf-8")
    if (root / lock).exists():
        shutil.copyfile(root / lock, build / HASHED)


def _add(place: Path, folder: Path, ref: ModelRef) -> ModelRef:
    if not folder.is_dir():
        raise TriageError(f"there is no model at {folder}: run `dvc repro`, or `dvc pull` if a remote has it")
    shutil.copytree(folder, place)
    files.write_json(place / REF, ref.model_dump())
    # What the model calls itself is checked when it is loaded, as all of its files are.
    manifest = place / MANIFEST
    if manifest.exists():
        compiled = _compile(place)
        beside = (*(name for name in (REF, METRICS) if (place / name).exists()), *compiled)
        files.write_json(
            manifest, files.read_json(manifest) | {name: files.sha256(place / name) for name in beside}
        )
    return ref


def _compile(place: Path) -> tuple[str, ...]:
    """Write what the service answers with into a model's folder, and return the names of the files."""
    from ticket_triage.models import compiled
    from ticket_triage.models.triage_model import TriageModel

    try:
        written = TriageModel.load(place).single.save(place)
    except TriageError:  # it cannot be served as it is either, and the service says why
        return ()
    return (compiled.ABOUT, compiled.ARRAYS) if written else ()


def code(root: Path, include: list[str]) -> Iterator[Path]:
    """The source files that a Bento takes along, relative to `root`; `include` are the patterns of bentofile.yaml."""
    for pattern in include:
        if pattern.startswith("src/"):
            for path in sorted(root.glob(pattern)):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield path.relative_to(root)


def pins(lock: Path) -> list[str]:
    """Exact requirements without hashes: BentoML adds one of its own without a hash, which pip then refuses.

    Where no lock is, the versions that are installed here.
    """
    if lock.exists():
        lines = lock.read_text("utf-8").replace("\\\n", " ").splitlines()
        bare = (re.sub(r"\s--hash=\S+", "", line).partition(" #")[0].strip() for line in lines)
        return [line for line in bare if line and not line.startswith(("#", "-"))]
    needed = [text for text in metadata.requires("ticket-triage") or [] if _serves(text)]
    names = sorted(re.split(r"[^\w.-]", text, maxsplit=1)[0] for text in needed)
    return [f"{name}=={metadata.version(name)}" for name in names]


def _serves(requirement: str) -> bool:
    _, _, marker = requirement.partition(";")
    return "extra" not in marker or re.search(r"extra == .serve.", marker) is not None


def _build(build: Path, home: Path, version: str) -> None:
    # A process of its own: BentoML keeps its home and the imported service for as long as a process lives.
    environment = {**os.environ, **QUIET, "BENTOML_HOME": str(home), "PYTHONPATH": str(build / "src")}
    command = [sys.executable, "-m", "bentoml", "build", "--version", version, "--output", "tag", str(build)]
    done = subprocess.run(command, env=environment, cwd=build, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it does not say why"]
        raise TriageError(f"BentoML could not build the Bento: {said[-1]}")
