"""A sentence encoder as a step of a scikit-learn pipeline: clean texts in, vectors of length one out."""

import os
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

FAMILY, FROZEN = "encoder", "frozen_encoder"  # the second one beside a fine-tuned first
FAMILIES = (FAMILY, FROZEN)
SESSIONS = 8  # kept: two encoders of a vote, for a champion, a challenger and two versions kept for replay
REMEMBERED = 20_000  # vectors of texts, about 30 MB: folds and both tasks ask for the same ones
_EMOJI = re.compile(r":(\w+):")
_TOKEN = re.compile(r"<(\w+)>")


def spoken(clean: str) -> str:
    """A clean text in words that an encoder knows: names of emoji apart, `<url>` and the like without brackets."""
    text = _EMOJI.sub(lambda match: f" {match[1].replace('_', ' ')} ", clean)
    return _TOKEN.sub(r"\1", text)


class Encoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn publishes no types
    """Runs an ONNX graph, such as `graph.quantise` gives, a text at a time.

    One at a time, since a graph of eight-bit integers scales each call by its largest value: in company a text would
    get another vector than alone. Nothing is learnt when it is fitted.

    Args:
        graph: the bytes of the graph, uint8; `ids` in, `vector` out.
        tokenizer: `tokenizer.json` of Hugging Face's tokenizers, as text.
        tokens: what is beyond so many is not read.
        digest: names graph, tokenizer and tokens; what runs and what it said are shared by all encoders of a digest.
    """

    def __init__(self, graph: np.ndarray, tokenizer: str, tokens: int, digest: str) -> None:
        self.graph = graph
        self.tokenizer = tokenizer
        self.tokens = tokens
        self.digest = digest

    def fit(self, texts: Any, y: Any = None) -> Self:
        """Nothing is learnt."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, texts: Iterable[str]) -> sparse.csr_matrix:
        """Shape (texts, size of a vector), float32; sparse in type alone, as the other blocks are."""
        given = [spoken(text) or " " for text in texts]
        running = self._running()
        if len(given) > 8:  # the graph runs outside of Python's lock
            with ThreadPoolExecutor(_cores()) as pool:
                found = list(pool.map(running.vector, given))
        else:
            found = [running.vector(text) for text in given]
        return sparse.csr_matrix(np.array(found, dtype=np.float32).reshape(len(found), running.size))

    def vector(self, text: str) -> np.ndarray:
        """The vector of one text, as a row of `transform`."""
        return np.asarray(self._running().vector(spoken(text) or " "), dtype=np.float32)

    def get_feature_names_out(self, names: Any = None) -> np.ndarray:
        """`embedding 0` and so on; no person can read one."""
        return np.array([f"embedding {number}" for number in range(self._running().size)], dtype=object)

    def _running(self) -> "_Running":
        if (known := _RUNNING.get(self.digest)) is None:
            while len(_RUNNING) >= SESSIONS:
                _RUNNING.pop(next(iter(_RUNNING), ""), None)  # other threads do so too
            known = _RUNNING[self.digest] = _Running(self.graph.tobytes(), self.tokenizer, self.tokens)
        return known


def _cores() -> int:
    """Those that this process may use, where the system can say so."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Running:
    """A session of the graph, and the vectors of the texts that it has seen."""

    def __init__(self, graph: bytes, tokenizer: str, tokens: int) -> None:
        # Not every model has an encoder, and these take a second to import.
        import onnxruntime
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_str(tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(tokens)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # texts are what is divided among cores
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self.size = int(self._session.get_outputs()[0].shape[1])
        self.vector = lru_cache(REMEMBERED)(self._vector)

    def _vector(self, text: str) -> np.ndarray:
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        return np.asarray(self._session.run(None, {"ids": ids})[0][0])


_RUNNING: dict[str, _Running] = {}
