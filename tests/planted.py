"""Versions of a saved model for tests of rollouts: good ones, and ones with a planted fault."""

import json
import shutil
from pathlib import Path

from ticket_triage.files import sha256, write_json
from ticket_triage.schema import ModelRef
from ticket_triage.serving.rollout.plan import Version


def version(source: Path, folder: Path, name: str, *, fault: str | None = None) -> Version:
    """A copy of the model at `source` as version `name`.

    Its `fault`: `review` sends every ticket to people; `canary` expects other answers of itself; `broken` has a file
    that is not what its manifest says.
    """
    shutil.copytree(source, folder)
    ref = ModelRef(name="tickets", version=name)
    (folder / "ref.json").write_text(json.dumps(ref.model_dump()))
    if fault == "review":
        about = json.loads((folder / "model.json").read_text())
        for head in about["heads"].values():
            head["threshold"] |= {"value": 1.01, "classes": {}}
        write_json(folder / "model.json", about)
    if fault in ("canary", "broken"):
        canaries = json.loads((folder / "canaries.json").read_text())
        canaries[0]["text"] = "quite another ticket"
        write_json(folder / "canaries.json", canaries)
    if fault != "broken":
        names = json.loads((folder / "manifest.json").read_text())
        write_json(folder / "manifest.json", {name: sha256(folder / name) for name in names})
    return Version(ref=ref, folder=str(folder))
