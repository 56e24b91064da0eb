"""TF-IDF of one text at the speed of a service: the same terms and values as scikit-learn's, without it.

Most of the time goes into cutting the same words into the same pieces; a word's terms are remembered.
"""

import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ticket_triage.models.rows import Row, unit

REMEMBERED = 20_000  # words of a text; about 10 MB
_WORD = re.compile(r"(?u)\b\w\w+\b")  # scikit-learn's own


@dataclass
class Terms:
    """A fitted vocabulary: lower case, no stop words, pieces within words (`char`) or words, l2 norm.

    Attributes:
        vocabulary: the terms in the order of their columns, a line each.
        low, high: the least and the largest size of a term.
    """

    vocabulary: str
    idf: np.ndarray
    sublinear: bool
    char: bool
    low: int
    high: int
    dtype: str

    def __post_init__(self) -> None:
        names = self.vocabulary.split("\n")
        self._index = {term: number for number, term in enumerate(names)}
        self._memory: dict[str, array[int]] = {}
        self.find: Callable[[str, array[int]], None] = self._by_char if self.char else self._by_word

    def __call__(self, text: str) -> Row:
        """The terms of one text and their values."""
        found = array("i")
        self.find(text.lower(), found)
        terms, counts = np.unique(np.frombuffer(found, dtype=np.int32), return_counts=True)
        return terms, unit(self.weighed(terms, counts.astype(self.dtype)))

    def weighed(self, terms: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """What terms are worth that a text has so often; may change `counts`."""
        if self.sublinear:
            counts = np.log(counts) + 1
        counts *= self.idf[terms]
        return counts

    def _by_word(self, text: str, found: "array[int]") -> None:
        index = self._index
        words = _WORD.findall(text)
        for size in range(self.low, self.high + 1):
            pieces = (
                words if size == 1 else map(" ".join, zip(*(words[n:] for n in range(size)), strict=False))
            )
            found.extend([index[piece] for piece in pieces if piece in index])

    def _by_char(self, text: str, found: "array[int]") -> None:
        memory = self._memory
        for word in text.split():
            if (known := memory.get(word)) is None:
                if len(memory) >= REMEMBERED:
                    memory.clear()  # another thread may be in here, too
                pieces = [self._index[piece] for piece in self._pieces(word) if piece in self._index]
                known = memory[word] = array("i", pieces)
            found.extend(known)  # array to array: a copy of bytes

    def _pieces(self, word: str) -> list[str]:
        padded = f" {word} "
        found = []
        for size in range(self.low, self.high + 1):
            found += [padded[at : at + size] for at in range(max(len(padded) - size, 0) + 1)]
            if size >= len(padded):  # a short word counts once
                break
        return found
