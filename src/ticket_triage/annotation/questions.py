"""What is asked of a ticket, under which keys, and the line that the guidelines say of each label."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ticket_triage.files import TriageError
from ticket_triage.schema import PRIORITIES, SENTIMENTS
from ticket_triage.taxonomy import Taxonomy

SKIP, UNDO, QUIT, OTHER = "s", "u", "q", "o"
_SINGLE = "1234567890" + "".join(
    c for c in "abcdefghijklmnopqrstuvwxyz" if c not in SKIP + UNDO + QUIT + OTHER
)
_LANGUAGES = ("en", "es", "fr", "de", "pt", "it", "nl", "ja", "und")
_ROW = re.compile(r"^\|\s*`?([^|`]+?)`?\s*\|\s*([^|]+?)\s*\|", re.M)


@dataclass(frozen=True)
class Question:
    """One question; `labels` by the keys that answer it, `none` if Enter leaves it empty."""

    name: str
    says: str
    labels: Mapping[str, str]
    none: bool = False

    @property
    def width(self) -> int:
        """How many keys an answer takes."""
        return len(next(iter(self.labels)))


def keys(labels: Sequence[str]) -> dict[str, str]:
    """The labels under single keys, or under numbers of equal width where there are too many for that."""
    if len(labels) <= len(_SINGLE):
        return dict(zip(_SINGLE, labels, strict=False))
    width = len(str(len(labels)))
    return {str(number).zfill(width): label for number, label in enumerate(labels, 1)}


def ask(taxonomy: Taxonomy) -> tuple[Question, ...]:
    """The questions in their order."""
    categories = keys(taxonomy.labels)
    return (
        Question("category", "Which team would have to act?", categories),
        Question("second_category", "Does another fit almost as well?", categories, none=True),
        Question("priority", "How soon must a person look?", keys(PRIORITIES)),
        Question("sentiment", "The tone towards the company?", keys(SENTIMENTS)),
        Question("language", "In which language is it?", keys(_LANGUAGES)),
    )


def hints(taxonomy: Taxonomy, guidelines: Path | None) -> dict[str, str]:
    """A line for each label: from the tables of the guidelines, else the first keywords or example of the taxonomy.

    Raises:
        TriageError: there are no such guidelines.
    """
    found = {}
    for category in taxonomy.categories:
        words = ", ".join(category.keywords[:6]) or next(iter(category.examples), "")
        found[category.label] = words
    if guidelines is not None:
        try:
            text = guidelines.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise TriageError(f"cannot read the guidelines {guidelines}: {error}") from error
        known = {*taxonomy.labels, *PRIORITIES}
        found |= {label: says for label, says in _ROW.findall(text) if label in known}
    return found
