"""Texts without the words that rules go by: what a model still knows of them it did not learn from the rules' words."""

import html
import re
import unicodedata
from collections.abc import Iterator

from ticket_triage.labeling.functions import ALARMS, NOT_INSIDE_A_WORD
from ticket_triage.taxonomy import ACCENT, URL_OR_HANDLE, WORD, Taxonomy, plain, words


class Masker:
    """Takes out of texts whatever a keyword, a pattern or a word of alarm of the taxonomy matches.

    A pattern that begins with `^` stays out of it: it goes by the shape of the whole text, which no word is.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        phrases = [phrase for one in taxonomy.categories for phrase in one.keywords]
        phrases += [phrase for listed in ALARMS.values() for phrase in getattr(taxonomy, listed)]
        self._phrases: dict[str, set[tuple[str, ...]]] = {}
        for phrase in phrases:
            first, *rest = words(plain(phrase))
            self._phrases.setdefault(first, set()).add(tuple(rest))
        listed = (pattern for one in taxonomy.categories for pattern in one.patterns if pattern[:1] != "^")
        patterns = [f"(?:{pattern})" for pattern in listed]
        self._patterns = re.compile(f"{NOT_INSIDE_A_WORD}(?:{'|'.join(patterns)})") if patterns else None

    def mask(self, text: str) -> str:
        """The text with a blank for each such place, else as it was, capital letters and all."""
        left = html.unescape(text) if "&" in text else text
        while True:  # what is left may come together as the words of another rule
            seen, at = aligned(left)
            found = list(left)
            for start, end in self._spans(seen):
                found[at[start] : at[end - 1] + 1] = [" ", *[""] * (at[end - 1] - at[start])]
            if (rest := "".join(found)) == left or len(rest) >= len(left):
                return rest
            left = rest

    def hears(self, text: str) -> bool:
        """Whether there is any such place."""
        return next(self._spans(plain(text)), None) is not None

    def _spans(self, seen: str) -> Iterator[tuple[int, int]]:
        matches = list(WORD.finditer(seen))
        said = [match[0] for match in matches]
        for first, word in enumerate(said):
            for rest in self._phrases.get(word, ()):
                if tuple(said[first + 1 : first + 1 + len(rest)]) == rest:
                    yield matches[first].start(), matches[first + len(rest)].end()
        if self._patterns is not None:
            yield from (match.span() for match in self._patterns.finditer(seen) if match[0])


def aligned(text: str) -> tuple[str, list[int]]:
    """The `plain` form of an unescaped text, and for each of its characters the place in the text that it is of."""
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text.replace("\u2019", "'")):
        bare = letter if letter.isascii() else ACCENT.sub("", unicodedata.normalize("NFD", letter))
        for one in unicodedata.normalize("NFC", bare).lower():
            letters.append(one)
            places.append(place)
    whole = "".join(letters)
    seen: list[str] = []
    at: list[int] = []
    last = 0
    for match in URL_OR_HANDLE.finditer(whole):
        seen += [whole[last : match.start()], " "]
        at += [*places[last : match.start()], places[match.start()]]
        last = match.end()
    return "".join([*seen, whole[last:]]), at + places[last:]
