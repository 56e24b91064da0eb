"""Labelling functions: rules made from the taxonomy, each of which votes for a label or abstains."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ticket_triage.schema import PRIORITIES, Task
from ticket_triage.taxonomy import Taxonomy, plain, words

if TYPE_CHECKING:
    import pandas as pd

Codes = npt.NDArray[np.int64]

QUESTION, URGENCY, SAFETY, LEGAL = "question", "urgency", "safety", "legal"
MARKS = frozenset("?¿？")
NOT_INSIDE_A_WORD = "(?<![a-z0-9])"  # a pattern begins where a Latin word does, in other scripts anywhere
ALARMS = {URGENCY: "urgency_words", SAFETY: "safety_words", LEGAL: "legal_words"}


@dataclass(frozen=True)
class LabellingFunction:
    """A rule on the evidence of many texts at once.

    `vote` takes what `evidence` gives and returns a categorical series with the same index: the label that
    the rule votes for, or missing where it abstains.
    """

    name: str  # "<task>.<kind>" or "<task>.<kind>.<label>"
    task: Task
    vote: Callable[[pd.DataFrame], pd.Series[str]]


def functions(taxonomy: Taxonomy) -> tuple[LabellingFunction, ...]:
    """All labelling functions of a taxonomy; none where it has no words to go by.

    Category: one for each category's keywords and one for its patterns. Priority: words of urgency, of safety and
    of the law vote `high`; a question that points to no category of more than low priority, and a text that
    points to categories of low priority alone, vote `low`; any text that points somewhere gets a vote for the
    base priority of the category most pointed to.
    """
    made = []
    for category in taxonomy.categories:
        for kind, listed in (("keywords", category.keywords), ("patterns", category.patterns)):
            if listed:
                vote = _says(f"{kind}.{category.label}", category.label, taxonomy.labels)
                made.append(LabellingFunction(f"category.{kind}.{category.label}", "category", vote))
    for alarm, column in ALARMS.items():
        if getattr(taxonomy, column):
            made.append(LabellingFunction(f"priority.{alarm}", "priority", _says(alarm, "high", PRIORITIES)))
    if made:
        by = _Priorities(taxonomy)
        for name, vote in (("question", by.question), ("nothing_wrong", by.nothing_wrong), ("base", by.base)):
            made.append(LabellingFunction(f"priority.{name}", "priority", vote))
    return tuple(made)


def votes(taxonomy: Taxonomy, texts: pd.Series[str]) -> pd.DataFrame:
    """What every labelling function says of every text: a categorical column for each, missing = abstains.

    The texts may be raw or clean; a missing text gets no vote.
    """
    import pandas as pd  # which one ticket needs not wait for

    found = evidence(taxonomy, texts)
    return pd.DataFrame({rule.name: rule.vote(found) for rule in functions(taxonomy)}, index=texts.index)


def of_task(votes: pd.DataFrame, task: Task) -> pd.DataFrame:
    """The columns of one task."""
    return votes[[column for column in votes if str(column).startswith(f"{task}.")]]


def evidence(taxonomy: Taxonomy, texts: pd.Series[str]) -> pd.DataFrame:
    """Which words and patterns show in each text, in one pass over it: a boolean column for each.

    The time taken grows with the text's length, not with the number of keywords.
    """
    import pandas as pd  # which one ticket needs not wait for

    finder = Finder(taxonomy)
    return pd.DataFrame(finder.find(texts), index=texts.index, columns=list(finder.columns))


class Finder:
    """The taxonomy's words and patterns, prepared once for many calls."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        columns: list[str] = []
        self._phrases = _Phrases()
        self._patterns: list[tuple[int, re.Pattern[str]]] = []
        every: list[str] = []
        for category in taxonomy.categories:
            self._phrases.add(category.keywords, len(columns))
            columns.append(f"keywords.{category.label}")
            if category.patterns:
                either = "|".join(f"(?:{one})" for one in category.patterns)
                self._patterns.append((len(columns), re.compile(f"{NOT_INSIDE_A_WORD}(?:{either})")))
                every.append(either)
            columns.append(f"patterns.{category.label}")
        for alarm, listed in ALARMS.items():
            self._phrases.add(getattr(taxonomy, listed), len(columns))
            columns.append(alarm)
        self.columns = (*columns, QUESTION)
        # Most of a search is looking where words begin: done once, it spares the rest to texts with no pattern.
        self._any_pattern = re.compile(f"{NOT_INSIDE_A_WORD}(?:{'|'.join(every)})") if every else None

    def find(self, texts: Iterable[object]) -> npt.NDArray[np.bool_]:
        """What `columns` show in each text, shape (texts, columns); nothing shows in a missing one."""
        shown: list[tuple[int, int]] = []
        row = -1
        for row, text in enumerate(texts):  # the last row's number is the shape
            if isinstance(text, str):
                shown += [(row, column) for column in self.within(text)]
        found = np.zeros((row + 1, len(self.columns)), dtype=bool)
        found[tuple(np.array(shown, dtype=np.int64).reshape(-1, 2).T)] = True
        return found

    def within(self, text: str) -> set[int]:
        """The numbers of the `columns` that show in a text."""
        seen = plain(text)
        shown = self._phrases.within(words(seen))
        if self._any_pattern and (first := self._any_pattern.search(seen)):
            start = first.start()
            shown.update(column for column, pattern in self._patterns if pattern.search(seen, start))
        if not MARKS.isdisjoint(seen):
            shown.add(len(self.columns) - 1)
        return shown


class Alarms:
    """The taxonomy's words of alarm alone: a fraction of what a `Finder` costs."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._kinds = tuple(ALARMS)
        self._phrases = _Phrases()
        for number, column in enumerate(ALARMS.values()):
            self._phrases.add(getattr(taxonomy, column), number)

    def find(self, texts: Iterable[str]) -> list[frozenset[str]]:
        """Which of `urgency`, `safety` and `legal` have words in each text."""
        return [
            frozenset(self._kinds[number] for number in self._phrases.within(words(plain(text))))
            for text in texts
        ]


class _Phrases:
    """Phrases of whole words, found by looking up each word of a text once.

    Under a phrase's first word stand the columns of that word alone (under None) and, by the second word, what else
    must follow: as many phrases begin with "my" as a text has words.
    """

    def __init__(self) -> None:
        self._by_first: dict[str, dict[str | None, list[tuple[list[str], int]]]] = {}

    def add(self, phrases: Iterable[str], column: int) -> None:
        for phrase in phrases:
            first, *rest = words(plain(phrase))
            following = self._by_first.setdefault(first, {None: []})
            following.setdefault(rest[0] if rest else None, []).append((rest[1:], column))

    def within(self, text: list[str]) -> set[int]:
        found: set[int] = set()
        known = self._by_first
        last = len(text) - 1
        for at in [at for at, word in enumerate(text) if word in known]:
            following = known[text[at]]
            for _, column in following[None]:
                found.add(column)
            if at < last and text[at + 1] in following:
                for rest, column in following[text[at + 1]]:
                    if not rest or text[at + 2 : at + 2 + len(rest)] == rest:
                        found.add(column)
        return found


class _Priorities:
    """Priority as the categories that show in a text suggest it."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        base = [PRIORITIES.index(category.base_priority) for category in taxonomy.categories]
        self._labels = taxonomy.labels
        self._base = np.array(base)
        self._serious = self._base > PRIORITIES.index("low")

    def question(self, found: pd.DataFrame) -> pd.Series[str]:
        serious = self._pointed(found)[:, self._serious].any(axis=1)
        return _labelled(np.where(found[QUESTION].to_numpy() & ~serious, 0, -1), PRIORITIES, found.index)

    def nothing_wrong(self, found: pd.DataFrame) -> pd.Series[str]:
        pointed = self._pointed(found) > 0
        calm = pointed.any(axis=1) & ~pointed[:, self._serious].any(axis=1)
        return _labelled(np.where(calm, 0, -1), PRIORITIES, found.index)

    def base(self, found: pd.DataFrame) -> pd.Series[str]:
        pointed = self._pointed(found)
        strongest = self._base[pointed.argmax(axis=1)]
        return _labelled(np.where(pointed.any(axis=1), strongest, -1), PRIORITIES, found.index)

    def _pointed(self, found: pd.DataFrame) -> Codes:
        """How many kinds of rule point to each category."""
        keywords, patterns = (
            found[[f"{kind}.{label}" for label in self._labels]].to_numpy().astype(np.int64)
            for kind in ("keywords", "patterns")
        )
        return keywords + patterns


def _says(column: str, label: str, labels: tuple[str, ...]) -> Callable[[pd.DataFrame], pd.Series[str]]:
    code = labels.index(label)
    return lambda found: _labelled(np.where(found[column].to_numpy(), code, -1), labels, found.index)


def _labelled(codes: Codes, labels: tuple[str, ...], index: pd.Index) -> pd.Series[str]:
    import pandas as pd  # which one ticket needs not wait for

    return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(labels)), index=index)
