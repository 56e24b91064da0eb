"""`params.yaml` as typed, frozen values; a key that nobody knows is refused by name."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from ticket_triage.files import TriageError
from ticket_triage.params.judging import (
    Assemble,
    Audit,
    Costs,
    Drift,
    Evaluate,
    Guarded,
    Monitor,
    Package,
    Policy,
    Promote,
    Register,
)
from ticket_triage.params.learning import Encode, Family, Range, Refit, Text, Train, Tune
from ticket_triage.params.section import Section
from ticket_triage.params.sources import Columns, Csv, Ingest, Kaggle, Sample, Source, Twcs
from ticket_triage.params.tickets import (
    Annotate,
    Features,
    Forecast,
    Label,
    Prior,
    Similarity,
    Split,
    Validate,
)

__all__ = [
    "PATH",
    "Annotate",
    "Assemble",
    "Audit",
    "Columns",
    "Costs",
    "Csv",
    "Drift",
    "Encode",
    "Evaluate",
    "Family",
    "Features",
    "Forecast",
    "Guarded",
    "Ingest",
    "Kaggle",
    "Label",
    "Monitor",
    "Package",
    "Params",
    "Policy",
    "Prior",
    "Promote",
    "Range",
    "Refit",
    "Register",
    "Sample",
    "Similarity",
    "Source",
    "Split",
    "Text",
    "Train",
    "Tune",
    "Twcs",
    "Validate",
    "load",
    "parse",
    "read",
]

PATH = Path("params.yaml")


class Params(Section):
    """The whole file."""

    ingest: Ingest
    validate_: Validate = Field(alias="validate")
    split: Split
    forecast: Forecast
    annotate: Annotate
    label: Label
    features: Features
    encode: Encode
    train: Train
    assemble: Assemble
    refit: Refit
    audit: Audit
    evaluate: Evaluate
    register_: Register = Field(alias="register")
    promote: Promote
    package: Package
    monitor: Monitor


def read(path: Path = PATH) -> Params:
    """Read and check the whole file.

    Raises:
        TriageError: it is missing, is not YAML, or a key or value is wrong; every wrong one is named.
    """
    try:
        text = Path(path).read_text("utf-8")
    except OSError as error:
        raise TriageError(f"cannot read {path}: {error.strerror}") from error
    return parse(text, path)


def parse(text: str, path: Path) -> Params:
    """Check the text of a `params.yaml`; `path` is for the sentences. Raises as `read`."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TriageError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    try:
        return Params.model_validate(raw)
    except ValidationError as error:
        faults = "; ".join(_say(fault) for fault in error.errors())
        raise TriageError(f"{path}: {faults}") from error


def _say(fault: Any) -> str:
    where = ".".join(str(part) for part in fault["loc"]) or "the file"
    if fault["type"] == "extra_forbidden":
        return f"`{where}` is not a known key"
    if fault["type"] == "missing":
        return f"`{where}` is missing"
    if fault["type"] == "union_tag_invalid":
        return f"`{where}.kind` is {fault['ctx']['tag']!r}, known kinds are {fault['ctx']['expected_tags']}"
    if fault["type"] == "value_error" and isinstance(
        fault["input"], dict
    ):  # of a section: too long to repeat
        return f"`{where}`: {fault['ctx']['error']}"
    return f"`{where}` is {fault['input']!r}: {fault['msg'][0].lower()}{fault['msg'][1:]}"


def load(section: str) -> Any:
    """One section of `params.yaml` in the working folder, typed: `load("train").trials`."""
    params = read()
    return getattr(params, section if section in Params.model_fields else f"{section}_")
