"""The tone of a text by VADER, in time that grows with the words and not with their square."""

from collections.abc import Sequence
from functools import cache
from string import punctuation

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

# For each word of its lexicon VADER lowers the whole text some four times, to look at three words before and
# two after it. It is given just those.
_BEFORE, _AFTER = 3, 2


class _Windowed(SentimentIntensityAnalyzer):  # type: ignore[misc]  # the package publishes no types
    @staticmethod
    def _negation_check(valence: float, words: Sequence[str], start: int, place: int) -> float:
        first = max(0, place - _BEFORE)
        window = words[first : place + 1]
        return float(SentimentIntensityAnalyzer._negation_check(valence, window, start, place - first))

    @staticmethod
    def _special_idioms_check(valence: float, words: Sequence[str], place: int) -> float:
        first = max(0, place - _BEFORE)
        window = words[first : place + 1 + _AFTER]
        return float(SentimentIntensityAnalyzer._special_idioms_check(valence, window, place - first))


@cache
def _analyzer() -> _Windowed:
    return _Windowed()


def compound(text: str) -> float:
    """VADER's compound score, -1 to 1 (Hutto & Gilbert 2014); made for English, near 0 in other languages."""
    analyzer = _analyzer()
    if text.isascii():  # others may hold emoji, whose descriptions have a tone
        words = text.lower().split()
        # Punctuation and capitals only strengthen the tone that some word has of its own.
        if not any(word in analyzer.lexicon or word.strip(punctuation) in analyzer.lexicon for word in words):
            return 0.0
    return float(analyzer.polarity_scores(text)["compound"])
