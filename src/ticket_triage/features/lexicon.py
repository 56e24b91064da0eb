"""Counts of a lexicon's words and phrases in one walk over the words of a text."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from ticket_triage.files import parse_yaml

KINDS = ("urgency", "repeat_contact", "negation", "question_start", "product")

# Under its first word: the phrase's other words and its kind's place in KINDS, longest phrases first.
Index = dict[str, list[tuple[tuple[str, ...], int]]]


@cache
def index() -> Index:
    """The packaged `lexicon.yaml`, ready to walk with."""
    lexicon = parse_yaml(files(__package__).joinpath("lexicon.yaml").read_text("utf-8"))
    found: Index = {}
    for place, kind in enumerate(KINDS):
        for phrase in lexicon[kind]:
            first, *rest = phrase.split()
            found.setdefault(first, []).append((tuple(rest), place))
    for phrases in found.values():
        phrases.sort(key=lambda phrase: -len(phrase[0]))
    return found


def count(words: Sequence[str]) -> list[int]:
    """How often each of KINDS occurs in lower-case words; phrases that begin at one word count as one."""
    counts = [0] * len(KINDS)
    lookup = index().get
    for place, word in enumerate(words):
        if phrases := lookup(word):
            seen = 0
            for rest, kind in phrases:
                bit = 1 << kind
                if not seen & bit and (not rest or tuple(words[place + 1 : place + 1 + len(rest)]) == rest):
                    counts[kind] += 1
                    seen |= bit
    return counts
