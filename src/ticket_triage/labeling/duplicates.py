"""Near-duplicates: tickets whose words are nearly the same, found without comparing all pairs."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from datasketch import MinHash, MinHashLSH

from ticket_triage.taxonomy import plain

PERMUTATIONS = 128
SLACK = (
    0.15  # candidates are sought this much below the threshold, so that the sketch's error loses hardly any
)

_WORD = re.compile(r"\w+")


def shingles(text: str) -> frozenset[str]:
    """The word trigrams of a text, or the whole of a text of fewer than three words."""
    found = _WORD.findall(plain(text))
    return frozenset(" ".join(found[at : at + 3]) for at in range(max(1, len(found) - 2)))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Size of the intersection over size of the union."""
    return len(one & other) / len(one | other)


class Neighbours:
    """An index of texts that finds those whose Jaccard similarity of word trigrams is at least `threshold`.

    Candidates come from MinHash signatures in bands (Leskovec, Rajaraman and Ullman, Mining of Massive
    Datasets, chapter 3), and each is then verified: what is found is right and next to nothing is missed.
    """

    def __init__(self, texts: Sequence[str], threshold: float) -> None:
        self.threshold = threshold
        self._shingles = [shingles(text) for text in texts]
        self._known = frozenset().union(*self._shingles) if self._shingles else frozenset()
        self._lsh = MinHashLSH(threshold=max(0.05, threshold - SLACK), num_perm=PERMUTATIONS)
        for at, own in enumerate(self._shingles):
            self._lsh.insert(at, _sketch(own))

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Positions of all near-duplicates within the index, the lower first."""
        for at, own in enumerate(self._shingles):
            yield from ((found, at) for found in self._near(own) if found < at)

    def of(self, texts: Iterable[str]) -> Iterator[list[int]]:
        """For every text the positions of its near-duplicates in the index, ascending."""
        for text in texts:
            own = shingles(text)
            # A near-duplicate has at least `threshold` of the text's own shingles: most texts end here.
            if len(own & self._known) < self.threshold * len(own):
                yield []
            else:
                yield self._near(own)

    def _near(self, own: frozenset[str]) -> list[int]:
        candidates = sorted(self._lsh.query(_sketch(own)))
        return [at for at in candidates if jaccard(own, self._shingles[at]) >= self.threshold]


_BLANK = MinHash(
    num_perm=PERMUTATIONS
)  # its permutations, drawn once from the library's fixed seed, serve all


@lru_cache(maxsize=20_000)
def _sketch(own: frozenset[str]) -> MinHash:
    sketch = _BLANK.copy()
    sketch.update_batch([shingle.encode("utf-8", "surrogatepass") for shingle in sorted(own)])
    return sketch
