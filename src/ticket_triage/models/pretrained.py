"""An encoder's published weights, from a Python package that carries them or from a folder, made ready to run."""

import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from ticket_triage.files import TriageError, read_json, read_text, sha256
from ticket_triage.models import graph
from ticket_triage.models.encoder import Encoder
from ticket_triage.params import Encode

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


def small(
    weights: Mapping[str, np.ndarray],
    source: Pretrained,
    settings: Encode,
    texts: list[str],
    *,
    unit: bool,
) -> tuple[Encoder, float]:
    """The encoder in eight-bit integers, and its agreement with the exact one.

    Raises:
        TriageError: they do not agree.
    """
    exact = graph.build(weights, source.config, unit=unit)
    encoders = [step(one, source.tokenizer, settings.tokens) for one in (exact, graph.quantise(exact))]
    one, other = (encoder.transform(texts).toarray() for encoder in encoders)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    agreement = float(np.median((one * other).sum(axis=1) / lengths))
    if agreement < settings.min_agreement:
        raise TriageError(
            f"in eight-bit integers the encoder says something else: the median cosine is {agreement:.3f}, "
            f"`encode.min_agreement` is {settings.min_agreement}"
        )
    return encoders[1], agreement


def step(runs: bytes, tokenizer: str, tokens: int) -> Encoder:
    """The step of a pipeline that runs a graph."""
    digest = hashlib.sha256(runs + tokenizer.encode() + str(tokens).encode()).hexdigest()
    return Encoder(np.frombuffer(runs, dtype=np.uint8), tokenizer, tokens, digest)


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
