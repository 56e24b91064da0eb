"""The phrase book that the generated sample is written with, read and checked."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, ValidationError

from ticket_triage.files import TriageError, parse_yaml
from ticket_triage.schema import PRIORITIES, SENTIMENTS, Frozen

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Texts = Annotated[list[str], Field(min_length=1)]

ANY = "any"  # statements for every brand


class Burst(Frozen):
    """An outage: `share` of all tickets come in these hours, of this brand and category."""

    brand: str
    category: str
    starts: datetime
    hours: Annotated[float, Field(gt=0)]
    share: Share


class Rates(Frozen):
    """Share of the tickets that have a trait."""

    second_topic: Share
    settled_topic: Share
    mention: Share
    context: Share
    decoy: Share
    escalated: Share
    opener: Share
    closer: Share
    emoji: Share
    hashtag: Share
    link: Share
    typo: Share
    shorthand: Share
    lower_case: Share
    upper_case: Share
    entity: Share
    mojibake: Share
    personal: Share
    wordless: Share
    duplicate: Share
    chaser: Share
    returning: Share
    wrong_category: Share
    wrong_priority: Share
    also_fits: Share
    read_twice: Share


class World(Frozen):
    """When tickets come and what they are about."""

    starts: date
    days: Annotated[int, Field(ge=1)]
    weekdays: Annotated[list[Weight], Field(min_length=7, max_length=7)]
    hours: Annotated[list[Weight], Field(min_length=24, max_length=24)]
    languages: dict[str, Weight]
    categories: dict[str, Weight]
    bursts: list[Burst]
    rates: Rates


class Brand(Frozen):
    """A company; `id` is the number that stands for its handle where accounts are made anonymous."""

    name: str
    handle: str
    id: str
    industry: str
    kind: str
    weight: Weight
    slots: dict[str, Texts] = Field(default={})


class Clauses(Frozen):
    """What stands around a problem, in one language."""

    opener: dict[str, Texts]
    closer: dict[str, Texts]
    emoji: dict[str, Texts]
    hashtag: dict[str, Texts]
    context: Texts
    mention: Texts
    second_topic: Texts
    settled_topic: Texts
    decoy: Texts
    escalation: dict[str, Texts]
    personal: Texts
    again: Texts


class Statements(Frozen):
    """Problems by their priority, for the industries or kinds of company named."""

    for_: Texts = Field(alias="for")
    high: list[str] = Field(default=[])
    medium: list[str] = Field(default=[])
    low: list[str] = Field(default=[])


class Category(Frozen):
    """What customers say of one category, how urgent and how they sound; `near` are those it is taken for."""

    industries: dict[str, Weight]
    priorities: dict[str, Weight]
    sentiments: dict[str, Weight]
    near: Texts
    topics: dict[str, Texts]
    statements: dict[str, list[Statements]]

    @property
    def calm(self) -> float:
        """Share of low priority; the calmer of two categories in one message gives way."""
        return self.priorities.get("low", 0) / sum(self.priorities.values())


class Book(Frozen):
    """The whole file."""

    world: World
    slots: dict[str, Texts]
    numbers: dict[str, Texts]
    brands: Annotated[list[Brand], Field(min_length=1)]
    industries: dict[str, dict[str, Texts]]
    clauses: dict[str, Clauses]
    shorthand: dict[str, str]
    replies: dict[str, Texts]
    followups: dict[str, Texts]
    wordless: Texts
    categories: dict[str, Category]


def read(path: Path) -> Book:
    """Read and check a phrase book.

    Raises:
        TriageError: it is missing, not YAML, has a wrong key or value, or lacks what it names itself (a
            category with a share but no statements, a language without clauses); every fault is named.
    """
    try:
        raw = parse_yaml(Path(path).read_text("utf-8"))
        book = Book.model_validate(raw)
    except OSError as error:
        raise TriageError(f"cannot read {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise TriageError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        faults = "; ".join(f"`{'.'.join(map(str, e['loc']))}`: {e['msg'].lower()}" for e in error.errors())
        raise TriageError(f"{path}: {faults}") from error
    if faults := "; ".join(_faults(book)):
        raise TriageError(f"{path}: {faults}")
    return book


def _faults(book: Book) -> Iterator[str]:
    world = book.world
    handles = [brand.handle for brand in book.brands]
    for brand in book.brands:
        if brand.industry not in book.industries:
            yield f"brand `{brand.handle}` is of the unknown industry `{brand.industry}`"
    for burst in world.bursts:
        if burst.brand not in handles or burst.category not in world.categories:
            yield f"a burst names an unknown brand or category: `{burst.brand}`, `{burst.category}`"
    for name in world.categories:
        if name not in book.categories:
            yield f"category `{name}` has a share but no statements"
    for language in world.languages:
        for place in ("clauses", "replies", "followups"):
            if language not in getattr(book, place):
                yield f"`{place}` has nothing in language `{language}`"
    for language, clauses in book.clauses.items():
        for kind in ("opener", "closer", "emoji", "hashtag"):
            for sentiment in sorted(set(SENTIMENTS) - set(getattr(clauses, kind))):
                yield f"`clauses.{language}.{kind}` lacks `{sentiment}`"
        if ANY not in clauses.escalation:
            yield f"`clauses.{language}.escalation` lacks `{ANY}`"
    for name, category in book.categories.items():
        for what, given, known in (
            ("category", [name, *category.near], world.categories),
            ("priority", category.priorities, PRIORITIES),
            ("sentiment", category.sentiments, SENTIMENTS),
            ("industry", category.industries, {brand.industry for brand in book.brands}),
        ):
            yield from (f"category `{name}` names the unknown {what} `{x}`" for x in given if x not in known)
        for language in world.languages:
            if not category.topics.get(language):
                yield f"category `{name}` has no topics in language `{language}`"
            for brand in book.brands:
                if category.industries.get(brand.industry) and not said(
                    category, language, brand, PRIORITIES
                ):
                    yield f"category `{name}` has no statement for `{brand.handle}` in language `{language}`"


def said(category: Category, language: str, brand: Brand, priorities: tuple[str, ...]) -> list[str]:
    """The statements of these priorities that fit this brand, uncompiled."""
    groups = category.statements.get(language, [])
    fitting = [group for group in groups if {ANY, brand.industry, brand.kind} & set(group.for_)]
    return [text for group in fitting for priority in priorities for text in getattr(group, priority)]
