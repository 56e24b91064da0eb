"""The tone of a text by VADER, in time that grows with the words and not with their square.

VADER looks at every character for emoji, at every word for a tone, and for each word with a tone walks over all
its negations and lowers the whole text some four times. Here it is asked only where its answer can differ.
"""

from collections.abc import Sequence
from functools import cache
from string import punctuation

from vaderSentiment.vaderSentiment import (
    BOOSTER_DICT,
    NEGATE,
    SPECIAL_CASES,
    SentimentIntensityAnalyzer,
    allcap_differential,
    normalize,
)

_BEFORE, _AFTER = 3, 2  # how far from a word VADER looks
_NEGATION = frozenset(NEGATE)
_STRESS = frozenset(("so", "this"))
_IDIOMS = frozenset(phrase.split()[0] for phrase in (*SPECIAL_CASES, *BOOSTER_DICT) if " " in phrase)


class _Words:
    """What `SentiText` makes of a text."""

    def __init__(self, text: str) -> None:
        # What is two characters without its punctuation may be an emoticon.
        self.words_and_emoticons = [
            bare if len(bare := word.strip(punctuation)) > 2 else word for word in text.split()
        ]
        self.is_cap_diff = allcap_differential(self.words_and_emoticons) if not text.islower() else False


class _Quick(SentimentIntensityAnalyzer):  # type: ignore[misc]  # the package publishes no types
    @staticmethod
    def _negation_check(valence: float, words: Sequence[str], start: int, place: int) -> float:
        word = words[place - start - 1].lower()
        stressed = start == _BEFORE - 1 and words[place - 1].lower() in _STRESS
        if word not in _NEGATION and "n't" not in word and not stressed:
            return valence
        first = max(0, place - _BEFORE)
        window = words[first : place + 1]
        return float(SentimentIntensityAnalyzer._negation_check(valence, window, start, place - first))

    @staticmethod
    def _special_idioms_check(valence: float, words: Sequence[str], place: int) -> float:
        first = max(0, place - _BEFORE)
        window = words[first : place + 1 + _AFTER]
        if _IDIOMS.isdisjoint(map(str.lower, window)):
            return valence
        return float(SentimentIntensityAnalyzer._special_idioms_check(valence, window, place - first))

    def _spelled(self, text: str) -> str:
        """The text with emoji as their descriptions, set apart from what stands before them."""
        if text.isascii() or self.emojis.keys().isdisjoint(text):
            return text
        spelled, apart = [], True
        for sign in text:
            described = self.emojis.get(sign)
            spelled.append(sign if described is None else described if apart else f" {described}")
            apart = sign == " "
        return "".join(spelled)

    def compound(self, text: str) -> float:
        """`polarity_scores(text)["compound"]`."""
        text = self._spelled(text).strip()
        known = _Words(text)
        words = known.words_and_emoticons
        lower = [word.lower() for word in words]
        if self.lexicon.keys().isdisjoint(lower):
            return 0.0
        tones: list[float] = []
        for place, word in enumerate(lower):
            if (
                word not in self.lexicon
                or word in BOOSTER_DICT
                or (word == "kind" and lower[place + 1 : place + 2] == ["of"])
            ):
                tones.append(0)
            else:
                self.sentiment_valence(0, known, words[place], place, tones)
        if not any(tones):
            return 0.0
        if "but" in lower:
            tones = self._but_check(words, tones)
        total = float(sum(tones))
        stress = self._punctuation_emphasis(text)
        total += stress if total > 0 else -stress if total < 0 else 0.0
        return float(round(normalize(total), 4))


@cache
def _analyzer() -> _Quick:
    return _Quick()


def compound(text: str) -> float:
    """VADER's compound score, -1 to 1 (Hutto & Gilbert 2014); made for English, near 0 in other languages."""
    return _analyzer().compound(text)
