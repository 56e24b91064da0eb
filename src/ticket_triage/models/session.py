"""A sentence encoder that runs: texts in, vectors of length one out. Imports no tool of training."""

import os
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

SESSIONS = 8  # kept: two encoders of a vote, for a champion, a challenger and two versions kept for replay
REMEMBERED = 20_000  # vectors of texts, about 30 MB: folds and both tasks ask for the same ones
_EMOJI = re.compile(r":(\w+):")
_TOKEN = re.compile(r"<(\w+)>")


def spoken(clean: str) -> str:
    """A clean text in words that an encoder knows: names of emoji apart, `<url>` and the like without brackets."""
    text = _EMOJI.sub(lambda match: f" {match[1].replace('_', ' ')} ", clean)
    return _TOKEN.sub(r"\1", text)


@dataclass
class Reader:
    """An ONNX graph and its tokenizer; see `encoder.Encoder`. What runs is shared by all readers of a digest."""

    graph: np.ndarray
    tokenizer: str
    tokens: int
    digest: str

    def __call__(self, text: str) -> np.ndarray:
        """The vector of one clean text, float32."""
        return np.asarray(self.session().vector(spoken(text) or " "), dtype=np.float32)

    def session(self) -> "Session":
        """What runs, started when first asked for."""
        if (known := _RUNNING.get(self.digest)) is None:
            while len(_RUNNING) >= SESSIONS:
                _RUNNING.pop(next(iter(_RUNNING), ""), None)  # other threads do so too
            known = _RUNNING[self.digest] = Session(self.graph.tobytes(), self.tokenizer, self.tokens)
        return known


def cores() -> int:
    """Those that this process may use, where the system can say so."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Session:
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


_RUNNING: dict[str, Session] = {}
