"""For tests of rollouts: versions of a saved model, some with a planted fault, and a worker without a server."""

import json
import shutil
import time
from collections import Counter
from pathlib import Path

from typer.testing import CliRunner

from ticket_triage.cli import app
from ticket_triage.feedback.records import Decision, parse
from ticket_triage.files import sha256, write_json
from ticket_triage.schema import ModelRef, Prediction, Ticket
from ticket_triage.serving.engine import Engine
from ticket_triage.serving.predictor import Predictor
from ticket_triage.serving.rollout import plan
from ticket_triage.serving.rollout.guard import Limits
from ticket_triage.serving.rollout.holder import Rollout
from ticket_triage.serving.rollout.plan import Plan, Version

# Of time nothing is asked: the machine is shared.
LIMITS = Limits(alpha=0.05, errors=0.01, review=0.1, overrides=0.05, disagreement=0.3, latency=1_000)
TEXTS = [f"my parcel {number} is late again, please refund the invoice" for number in range(40)]
WHO = {"by": "test", "why": "to see"}


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


def canary(challenger: Version, share: float, ramp=(), mode="canary") -> Plan:
    return Plan(rollout="r", mode=mode, ramp=ramp, challenger=challenger).at(share)


class Service:
    """A rollout, an engine around it, and what it recorded."""

    def __init__(self, own: Predictor, state: Path, **more) -> None:
        self.kept: list[Decision] = []
        self.state = state
        self.rollout = Rollout(own, state, self.kept.append, limits=LIMITS, **more)
        self.engine = Engine(self.rollout, self._keep, pseudonym=lambda customer: customer)

    def _keep(self, line: bytes) -> None:
        self.kept.append(parse(line))

    def ask(self, number: int, **more) -> str:
        ticket = Ticket(text=TEXTS[number % len(TEXTS)], customer=f"customer {number}")
        return Prediction.model_validate_json(self.engine.predict(ticket, **more)).model.version

    def versions(self, tickets: int = 60) -> Counter[str]:
        return Counter(self.ask(number) for number in range(tickets))

    def until(self, condition, seconds: float = 20) -> None:
        """Ask one ticket after the other until it is so."""
        end, number = time.monotonic() + seconds, 0
        while not condition():
            assert time.monotonic() < end, f"not within {seconds} s: {self.rollout.state()}"
            self.ask(number)
            number += 1

    def plan(self, make, action: str = "start") -> None:
        plan.change(self.state, make, action=action, **WHO)


def run(*words: object, code: int = 0) -> str:
    """What a command says."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done.output
