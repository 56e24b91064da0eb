"""The labelled tickets that a ticket is most like, shown beside its reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ticket_triage import features, text
from ticket_triage.files import read_json, write_json
from ticket_triage.models.compiled import spec_of
from ticket_triage.models.rows import Row, Spec
from ticket_triage.schema import GOLD_PREFIX, TASKS

if TYPE_CHECKING:
    import pandas as pd

_STEPS = 127  # of an eight-bit integer: a cosine is right to about a hundredth
_FILES = ("nearest.npz", "nearest.json")


@dataclass(frozen=True)
class Nearest:
    """Gold tickets of training and their vectors, of length one: dense ones by row, sparse ones by column.

    Attributes:
        spec: the block that makes a ticket's vector; the members have it computed already.
        tickets: of each `key`, `category`, `priority` and `excerpt`: masked, without handles and links.
        most: how many are found for a ticket.
    """

    spec: Spec
    tickets: tuple[dict[str, str | None], ...]
    vectors: Any
    most: int

    def find(self, row: Row) -> list[dict[str, Any]]:
        """The nearest, nearest first, each with its `similarity`: the cosine. None that has nothing in common.

        Args:
            row: the ticket's own row of the block.
        """
        columns, values = row
        length = float(np.sqrt(np.square(values, dtype=np.float64).sum()))
        if not length:
            return []
        cosines = self._cosines(columns, values) / length
        found = []
        for _ in range(min(self.most, len(self.tickets))):
            place = int(cosines.argmax())
            if cosines[place] <= 0:
                break
            similarity = round(min(float(cosines[place]), 1.0), 3)
            found.append({**self.tickets[place], "similarity": similarity})
            cosines[place] = -1
        return found

    def _cosines(self, columns: np.ndarray, values: np.ndarray) -> np.ndarray:
        if isinstance(self.vectors, np.ndarray):
            vector = np.zeros(self.vectors.shape[1], dtype=np.float32)
            vector[columns] = values
            return np.asarray(self.vectors @ vector)
        starts, ends = self.vectors.indptr[columns], self.vectors.indptr[columns + 1]
        parts = [slice(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        rows = np.concatenate([self.vectors.indices[part] for part in parts])
        shares = np.concatenate([self.vectors.data[part] for part in parts])
        return np.bincount(rows, shares * np.repeat(values, ends - starts), self.vectors.shape[0])

    def save(self, folder: Path) -> None:
        """Write what `load` reads, into a folder that is there."""
        vectors, about = self.vectors, {"spec": vars(self.spec), "tickets": self.tickets, "most": self.most}
        if isinstance(vectors, np.ndarray):
            scale = np.abs(vectors).max(axis=1, keepdims=True) / _STEPS
            steps = np.rint(vectors / np.where(scale, scale, 1)).astype(np.int8)
            np.savez_compressed(folder / _FILES[0], steps=steps)
        else:
            np.savez_compressed(
                folder / _FILES[0],
                data=vectors.data.astype(np.float16),
                indices=vectors.indices.astype(np.int32),
                indptr=vectors.indptr.astype(np.int32),
                columns=np.array(vectors.shape[1]),
            )
        write_json(folder / _FILES[1], about)

    @classmethod
    def load(cls, folder: Path) -> Nearest | None:
        """Read what `save` wrote; None where a model was saved without."""
        if not (folder / _FILES[0]).exists():
            return None
        about = read_json(folder / _FILES[1])
        spec = spec_of(about["spec"])
        with np.load(folder / _FILES[0], allow_pickle=False) as kept:
            if "steps" in kept:
                vectors: Any = _long_one(kept["steps"].astype(np.float32))
            else:
                from scipy import sparse  # which vectors of an encoder need not wait for

                shape = (len(about["tickets"]), int(kept["columns"]))
                parts = (kept["data"].astype(np.float32), kept["indices"], kept["indptr"])
                vectors = sparse.csc_matrix(parts, shape=shape)
        return cls(spec, tuple(about["tickets"]), vectors, about["most"])


def make(
    gold: pd.DataFrame, specs: Sequence[Spec], steps: Mapping[str, Any], most: int, excerpt: int
) -> Nearest | None:
    """What is found among the tickets of a split table that have a gold label.

    Vectors are the encoder's where a member has one, else TF-IDF; None where no block has either.

    Args:
        specs: blocks of the members.
        steps: every fitted step by its digest.
        excerpt: characters that are kept of a ticket's text.
    """
    # All that fits and transforms tables; who only finds needs none of it.
    from ticket_triage.models import blocks
    from ticket_triage.models.encoder import Encoder

    spec = _space(specs, steps)
    known = gold.reindex(columns=[f"{GOLD_PREFIX}{task}" for task in TASKS])
    rows = gold[known.notna().any(axis=1)]
    if spec is None or not most or rows.empty:
        return None
    matrix = blocks.transform([spec], steps, features.build(rows), {})
    dense = isinstance(steps[spec.steps[-1]], Encoder)
    vectors = _long_one(matrix.toarray()) if dense else matrix.tocsc()
    labels = known.loc[rows.index].astype(object).where(known.loc[rows.index].notna(), None)
    tickets = tuple(
        {
            "key": key,
            **{task: labels[f"{GOLD_PREFIX}{task}"].iloc[row] for task in TASKS},
            "excerpt": _cut(text.strip(text.mask(raw)), excerpt),
        }
        for row, (key, raw) in enumerate(zip(rows["text_key"], rows["text"], strict=True))
    )
    return Nearest(spec, tickets, vectors, most)


def _space(specs: Sequence[Spec], steps: Mapping[str, Any]) -> Spec | None:
    from ticket_triage.models.blocks import Tfidf
    from ticket_triage.models.encoder import Encoder

    for kind, wanted in ((Encoder, "embedding"), (Tfidf, "word"), (Tfidf, "char")):
        for spec in specs:
            if spec.name == wanted and isinstance(steps[spec.steps[-1]], kind):
                return spec
    return None


def _long_one(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths, lengths, 1), dtype=np.float32)


def _cut(masked: str, most: int) -> str:
    return masked if len(masked) <= most else f"{masked[:most].rstrip()}…" if most else ""
