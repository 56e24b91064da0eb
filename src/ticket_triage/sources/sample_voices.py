"""Phrases compiled for every brand of the phrase book, so that drawing one costs a microsecond."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ticket_triage.files import TriageError
from ticket_triage.schema import PRIORITIES
from ticket_triage.sources.sample_phrases import Book, Brand, said

# A phrase is plain text, or parts in order: text, or the options of which one is drawn.
Phrase = str | tuple["str | tuple[Phrase, ...]", ...]
Phrases = tuple[Phrase, ...]

LATER = ("a", "b", "A", "B", "topic")  # slots that the writer fills
NUMBERS_PER_SLOT = 1500
_TOKEN = re.compile(r"\{(\w+)\}|\[([^\[\]]*)\]|([^\[\]{}]+)|(.)", re.DOTALL)
_NEAREST = {"high": ("high", "medium", "low"), "medium": ("medium", "low", "high"), "low": ("low", "medium")}


@dataclass(frozen=True)
class Voice:
    """What one brand and its customers can say.

    `statements`: by category, language and wanted priority, the statements and the priority that they have
    (another one where the book has none of the wanted). `clauses`: by language, kind and, where there is one,
    sentiment or category. `rivals`: the categories that its customers write about, with their weights.
    """

    brand: Brand
    statements: Mapping[tuple[str, str, str], tuple[Phrases, str]]
    clauses: Mapping[tuple[str, ...], Phrases]
    rivals: Mapping[str, float]


def draws(rng: np.random.Generator) -> Iterator[int]:
    """An endless stream of integers from 0 to 2^30, exclusive."""
    while True:
        yield from rng.integers(0, 1 << 30, 1 << 15).tolist()


def render(phrase: Phrase, draw: Iterator[int]) -> str:
    """One of the texts that the phrase stands for."""
    if isinstance(phrase, str):
        return phrase
    return "".join(
        part if isinstance(part, str) else render(part[next(draw) % len(part)], draw) for part in phrase
    )


def voices(book: Book, rng: np.random.Generator) -> list[Voice]:
    """Compile the book, one voice per brand in the book's order.

    Raises:
        TriageError: a text names an unknown slot, or its brackets do not match.
    """
    draw = draws(rng)
    numbers = {name: _numbers(forms, draw) for name, forms in book.numbers.items()}
    return [_voice(book, brand, numbers) for brand in book.brands]


def _voice(book: Book, brand: Brand, numbers: Mapping[str, Phrases]) -> Voice:
    own = {**book.slots, **book.industries[brand.industry], **brand.slots, "brand": [brand.name]}
    compiler = _Compiler(own, numbers)
    statements: dict[tuple[str, str, str], tuple[Phrases, str]] = {}
    clauses: dict[tuple[str, ...], Phrases] = {}
    here = {name: c for name, c in book.categories.items() if c.industries.get(brand.industry)}
    for language in book.world.languages:
        for name, category in here.items():
            pools = {p: compiler.phrases(said(category, language, brand, (p,))) for p in PRIORITIES}
            for wanted, nearest in _NEAREST.items():
                found = next((p for p in nearest if pools[p]), "high")
                statements[name, language, wanted] = pools[found], found
        for name, category in book.categories.items():
            clauses[language, "topics", name] = compiler.phrases(category.topics[language])
        clauses[language, "replies"] = compiler.phrases(book.replies[language])
        clauses[language, "followups"] = compiler.phrases(book.followups[language])
        for kind, texts in book.clauses[language]:
            if isinstance(texts, dict):
                clauses |= {(language, kind, key): compiler.phrases(some) for key, some in texts.items()}
            else:
                clauses[language, kind] = compiler.phrases(texts)
    rivals = {
        name: category.industries[brand.industry]
        * book.world.categories[name]
        / sum(category.industries.values())
        for name, category in here.items()
    }
    return Voice(brand, statements, clauses, rivals)


class _Compiler:
    def __init__(self, slots: Mapping[str, list[str]], numbers: Mapping[str, Phrases]) -> None:
        self.slots = slots
        self.ready = dict(numbers)
        self.open: list[str] = []

    def phrases(self, texts: list[str]) -> Phrases:
        return tuple(self.phrase(text) for text in texts)

    def phrase(self, text: str) -> Phrase:
        parts: list[str | Phrases] = []
        for slot, options, plain, stray in _TOKEN.findall(text):
            if stray:
                raise TriageError(f"the phrase {text!r} has a bracket without its partner")
            if slot in LATER:
                parts.append(f"{{{slot}}}")
            elif slot:
                parts.append(self.slot(slot, text))
            elif plain:
                parts.append(plain)
            else:
                parts.append(self.phrases(options.split("|")))
        if all(isinstance(part, str) for part in parts):
            return "".join(str(part) for part in parts)
        return tuple(parts)

    def slot(self, name: str, text: str) -> Phrases:
        if name not in self.ready:
            if name not in self.slots or name in self.open:
                raise TriageError(
                    f"the phrase {text!r} names the slot `{name}`, which is unknown or holds itself"
                )
            self.open.append(name)
            self.ready[name] = self.phrases(self.slots[name])
            self.open.pop()
        return self.ready[name]


def _numbers(forms: list[str], draw: Iterator[int]) -> Phrases:
    return tuple(_number(forms[next(draw) % len(forms)], draw) for _ in range(NUMBERS_PER_SLOT))


def _number(form: str, draw: Iterator[int]) -> str:
    drawn = {"?": lambda: next(draw) % 10, "*": lambda: 1 + next(draw) % 9}
    text = "".join(str(drawn[sign]()) if sign in drawn else sign for sign in form)
    return text.replace("=", _luhn(text)) if "=" in text else text


def _luhn(text: str) -> str:
    # The digit that makes a card number valid (ISO/IEC 7812-1, annex B): masking may look at the checksum.
    digits = [int(sign) for sign in text if sign.isdigit()][::-1]
    total = sum(sum(divmod(2 * d, 10)) if i % 2 == 0 else d for i, d in enumerate(digits))
    return str(-total % 10)
