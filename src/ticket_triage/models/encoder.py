"""A sentence encoder as a step of a scikit-learn pipeline: clean texts in, vectors of length one out."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from ticket_triage.models.session import Reader, cores, spoken

FAMILY, FROZEN = "encoder", "frozen_encoder"  # the second one beside a fine-tuned first
FAMILIES = (FAMILY, FROZEN)


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
        running = self.reader().session()
        if len(given) > 8:  # the graph runs outside of Python's lock
            with ThreadPoolExecutor(cores()) as pool:
                found = list(pool.map(running.vector, given))
        else:
            found = [running.vector(text) for text in given]
        return sparse.csr_matrix(np.array(found, dtype=np.float32).reshape(len(found), running.size))

    def reader(self) -> Reader:
        """The same for one text."""
        return Reader(self.graph, self.tokenizer, self.tokens, self.digest)

    def get_feature_names_out(self, names: Any = None) -> np.ndarray:
        """`embedding 0` and so on; no person can read one."""
        size = self.reader().session().size
        return np.array([f"embedding {number}" for number in range(size)], dtype=object)
