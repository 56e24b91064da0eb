"""An encoder's published weights: from a Python package that carries them, or from a folder."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from ticket_triage.files import TriageError, read_json, read_text, sha256

WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Pretrained:
    """Weights by the names of a BertModel of `transformers`, its `config.json`, its `tokenizer.json` as text."""

    weights: Mapping[str, np.ndarray]
    config: Mapping[str, Any]
    tokenizer: str


def read(source: str, digest: str) -> Pretrained:
    """Read an encoder of the BERT family.

    Args:
        source: a folder, or a package with a folder `model`, that holds `model.safetensors`, `config.json` and
            `tokenizer.json`.
        digest: what the SHA-256 of the weights must be.

    Raises:
        TriageError: it is not there, has other weights, or is no BERT.
    """
    folder = _folder(source)
    path = folder / WEIGHTS
    if not path.is_file():
        raise TriageError(f"the encoder in {folder} has no {WEIGHTS}")
    if (found := sha256(path)) != digest:
        raise TriageError(
            f"{path} has the SHA-256 {found}, `encode.sha256` is {digest}: trust the file before you change the value"
        )
    config = read_json(folder / "config.json")
    if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
        raise TriageError(f"the encoder in {folder} is no BERT with GELU, and others cannot be run")
    weights = {name.removeprefix("bert."): value for name, value in load_file(path).items()}
    return Pretrained(weights, config, read_text(folder / "tokenizer.json"))


def _folder(source: str) -> Path:
    if Path(source).is_dir():
        return Path(source)
    spec = importlib.util.find_spec(source) if source.isidentifier() else None
    folders = [Path(place) / "model" for place in (spec and spec.submodule_search_locations) or ()]
    if not folders or not folders[0].is_dir():
        raise TriageError(
            f"there is no encoder {source!r}: `encode.source` is a folder or an installed package, and `make setup` "
            "installs the default one"
        )
    return folders[0]
