"""What pushed a label: exact shares of the evidence of linear members and trees."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ticket_triage.models.rows import Row
from ticket_triage.models.scorers import Heard

Names = list[tuple[str, str]]
UNREADABLE = frozenset(("char", "embedding"))  # blocks whose evidence no person can read
# By block; of all others "feature".
KINDS = {"word": "text", "topics": "text", "rules": "rule", "neighbours": "rule"}
MEASURED = frozenset(("numeric", "topics"))  # blocks in which 0 is a value like others, and not "not there"


class Columns:
    """What the columns of a member's matrix are called in reasons."""

    def __init__(self, names: Names) -> None:
        self.keys = [(KINDS.get(block, "feature"), name) for block, name in names]
        self.readable = np.array([block not in UNREADABLE for block, _ in names])
        self.measured = np.array([block in MEASURED for block, _ in names])


@dataclass(frozen=True)
class Voice:
    """What a member says of a row; `weight`: what a unit of its log-odds adds to those of the vote."""

    heard: Heard
    weight: float
    row: Row
    columns: Columns


def contributions(voice: Voice, label: int) -> dict[tuple[str, str], float]:
    """(kind, feature) to what it added to the log-odds of class number `label` over the mean class.

    Character n-grams and vectors carry evidence that nobody can read: it is left to the words. Trees also ask about
    words that a ticket does not have: what they make of that is not named.
    """
    columns, weights = voice.heard.pushes(label)
    names = voice.columns
    kept = names.readable[columns]
    columns, weights = columns[kept], weights[kept]
    there = names.measured[columns] | _among(columns, voice.row[0])
    found: dict[tuple[str, str], float] = defaultdict(float)
    for column, weight in zip(columns[there].tolist(), weights[there].tolist(), strict=True):
        found[names.keys[column]] += weight
    return found


def _among(columns: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which columns are among the known ones, which are in order."""
    if not len(known):
        return np.zeros(len(columns), dtype=bool)
    place = np.minimum(np.searchsorted(known, columns), len(known) - 1)
    return np.asarray(known[place] == columns)


def evidence(voices: Sequence[Voice], label: int, most: int) -> list[dict[str, Any]]:
    """The `most` strongest reasons for class number `label`, strongest first; weights are shares of all evidence.

    The evidence is what members added to the log-odds of the vote, whose log-odds are the sum of theirs by weight.
    """
    total: dict[tuple[str, str], float] = defaultdict(float)
    for voice in voices:
        for key, value in contributions(voice, label).items():
            total[key] += voice.weight * value
    size = sum(map(abs, total.values())) or 1.0
    ranked = sorted(total.items(), key=lambda item: (-abs(item[1]), item[0]))[:most]
    return [{"feature": n, "kind": k, "weight": round(w / size, 4)} for (k, n), w in ranked if w]
