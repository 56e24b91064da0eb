"""What answers one ticket as files: arrays and JSON, which load in a moment and hold no code.

Written beside a model when it is packaged. A service reads these alone: the libraries that the model was trained with
take seconds to import, and are only needed for tables of tickets.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ticket_triage.files import read_json, write_json
from ticket_triage.models.forest import Forest
from ticket_triage.models.lookups import Filled, Fired, Near, OneHot, Projected, Scaled, Step, Unit
from ticket_triage.models.rows import Spec
from ticket_triage.models.scorers import Averaged, Boosted, Linear, Scorer
from ticket_triage.models.session import Reader
from ticket_triage.models.terms import Terms

FORMAT = 1  # raised by every change after which these files would be read otherwise
ABOUT, ARRAYS = "compiled.json", "compiled.npz"
Names = list[tuple[str, str]]

# All that may be read: a file that asks for anything else is not.
KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        *(Terms, Fired, Reader, Near, Projected, Filled, Scaled, OneHot, Unit),
        *(Linear, Boosted, Averaged, Forest),
    )
}


@dataclass
class Compiled:
    """The parts of a model that look a ticket up.

    Attributes:
        steps: by digest.
        names: (block, feature) of each column of a block.
        scorers: the members, by their estimator's name; one that is missing is made when it is first asked.
    """

    steps: Mapping[str, Step]
    names: Mapping[Spec, Names]
    scorers: dict[str, Scorer] = field(default_factory=dict)


def write(compiled: Compiled, folder: Path) -> bool:
    """Write the two files into the folder, unless a part is of a kind that has no such form.

    Returns:
        Whether they were written.
    """
    parts = (*compiled.steps.values(), *compiled.scorers.values())
    if not all(type(part).__name__ in KINDS for part in parts):
        return False
    arrays: dict[str, np.ndarray] = {}
    about = {
        "format": FORMAT,
        "steps": {name: _packed(part, f"step/{name}", arrays) for name, part in compiled.steps.items()},
        "scorers": {name: _packed(part, f"member/{name}", arrays) for name, part in compiled.scorers.items()},
        "names": [{"spec": asdict(spec), "names": names} for spec, names in compiled.names.items()],
    }
    np.savez(folder / ARRAYS, allow_pickle=False, **arrays)
    write_json(folder / ABOUT, about)
    return True


def read(folder: Path) -> Compiled | None:
    """What `write` wrote; None where it wrote nothing, or other code than this did."""
    if not (folder / ABOUT).exists():
        return None
    about = read_json(folder / ABOUT)
    if about["format"] != FORMAT:
        return None
    with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
        steps, scorers = (
            {name: _unpacked(part, arrays) for name, part in about[kind].items()}
            for kind in ("steps", "scorers")
        )
    names = {
        spec_of(one["spec"]): [(block, feature) for block, feature in one["names"]] for one in about["names"]
    }
    return Compiled(steps, names, scorers)


def spec_of(given: Mapping[str, Any]) -> Spec:
    """A block as JSON has it."""
    columns = given["columns"]
    return Spec(given["name"], columns if isinstance(columns, str) else tuple(columns), tuple(given["steps"]))


def _packed(value: Any, place: str, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, np.ndarray):
        arrays[place] = value
        return {"array": place}
    if is_dataclass(value):
        named = {one.name: getattr(value, one.name) for one in fields(value)}
        return {
            "kind": type(value).__name__,
            **{name: _packed(one, f"{place}/{name}", arrays) for name, one in named.items()},
        }
    return value


def _unpacked(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return arrays[value["array"]]
    if "kind" not in value:
        return value
    given = {name: _unpacked(one, arrays) for name, one in value.items() if name != "kind"}
    return KINDS[value["kind"]](**given)
