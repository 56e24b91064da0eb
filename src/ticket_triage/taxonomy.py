"""The experts' file: what categories there are, who handles each, and the words that point to them."""

import hashlib
import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from ticket_triage.files import TriageError, parse_yaml
from ticket_triage.schema import Frozen

OWN_DEPARTMENT = "General"
OWN_TEAM = "support"

URL_OR_HANDLE = re.compile(r"https?://\S+|@\w+")
ACCENT = re.compile("[\u0300-\u036f]")
WORD = re.compile(r"\w+(?:'\w+)*")


def plain(text: str) -> str:
    """The form in which keywords and patterns meet a text: lower case without links, handles and accents."""
    text = html.unescape(text) if "&" in text else text
    if not text.isascii():
        text = unicodedata.normalize("NFD", text.replace("\u2019", "'"))
        text = unicodedata.normalize("NFC", ACCENT.sub("", text))
    return URL_OR_HANDLE.sub(" ", text.lower())


def words(text: str) -> list[str]:
    """The words of a text in `plain` form; an apostrophe inside a word belongs to it."""
    return WORD.findall(text)


class Category(Frozen):
    """One label, who acts on it, how soon by default, and what its tickets say."""

    label: str = Field(min_length=1)
    department: str
    team: str
    base_priority: Literal["low", "medium", "high"]
    keywords: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    replies: tuple[str, ...] = ()  # patterns of an agent's first reply, which is known only later


class Taxonomy(Frozen):
    """The whole file, consistent: see `read` for what is refused."""

    name: str = Field(min_length=1)
    from_labels: bool = False  # made of a team's own labels, so without keywords
    departments: tuple[str, ...]
    teams: tuple[str, ...]
    categories: tuple[Category, ...] = Field(min_length=1)
    urgency_words: tuple[str, ...] = ()
    safety_words: tuple[str, ...] = ()
    legal_words: tuple[str, ...] = ()
    urgent_replies: tuple[
        str, ...
    ] = ()  # patterns of first replies to tickets of high, medium and low priority
    sorry_replies: tuple[str, ...] = ()
    calm_replies: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> "Taxonomy":
        faults = list(_faults(self))
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The categories' labels, in the file's order."""
        return tuple(category.label for category in self.categories)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content as 64 hex digits; the file's comments and layout do not count."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode("utf-8")).hexdigest()

    def category(self, label: str) -> Category:
        """The category of that label.

        Raises:
            TriageError: there is none.
        """
        for category in self.categories:
            if category.label == label:
                return category
        raise TriageError(f"taxonomy {self.name} has no category `{label}`; it has {', '.join(self.labels)}")


def asks_for_labels(path: Path) -> bool:
    """Whether the file says nothing but `from_labels: true`: the categories are whatever a team's labels are."""
    try:
        return bool(parse_yaml(Path(path).read_text("utf-8")) == {"from_labels": True})
    except (OSError, ValueError, yaml.YAMLError):
        return False  # `read` says what is wrong


def read(path: Path) -> Taxonomy:
    """Read and check the experts' file.

    Raises:
        TriageError: it is missing, is not YAML, has an unknown key or a wrong value, or is inconsistent: a
            keyword or a label twice, a department or team that is not listed at its top, a category with
            neither keywords nor patterns, a pattern that is no regular expression. Every fault is named.
    """
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TriageError(f"cannot read the taxonomy {path}: {error}") from error
    return parse(text, f"the taxonomy {path}")


def parse(text: str, what: str) -> Taxonomy:
    """Check the text of an experts' file, called `what` in the sentences. Raises as `read`."""
    try:
        raw = parse_yaml(text)
    except yaml.YAMLError as error:
        raise TriageError(f"{what} is not YAML: {' '.join(str(error).split())}") from error
    try:
        return Taxonomy.model_validate(raw)
    except ValidationError as error:
        faults = "; ".join(_say(fault, raw) for fault in error.errors())
        raise TriageError(f"{what}: {faults}") from error


def from_labels(labels: Iterable[str], name: str) -> Taxonomy:
    """A taxonomy of a team's own labels, in sorted order: no keywords, one department and team for all.

    Raises:
        TriageError: there is no label, or one is empty.
    """
    found = sorted(set(labels))
    if not found or not all(label.strip() for label in found):
        raise TriageError(
            f"source {name} has {'an empty' if found else 'no'} category label: name its column"
        )
    made = {"department": OWN_DEPARTMENT, "team": OWN_TEAM, "base_priority": "medium"}
    return Taxonomy.model_validate(
        {
            "name": name,
            "from_labels": True,
            "departments": [OWN_DEPARTMENT],
            "teams": [OWN_TEAM],
            "categories": [{"label": label, **made} for label in found],
        }
    )


def to_yaml(taxonomy: Taxonomy) -> str:
    """The taxonomy as text that `read` takes back, equal to what it was."""
    content = taxonomy.model_dump(mode="json")
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def _faults(taxonomy: Taxonomy) -> Iterator[str]:
    for what, values in (("departments", taxonomy.departments), ("teams", taxonomy.teams)):
        yield from (f"`{value}` is listed twice in `{what}`" for value in _repeated(values))
    yield from (f"category `{label}` is there twice" for label in _repeated(taxonomy.labels))
    where: dict[tuple[str, ...], str] = {}
    for category in taxonomy.categories:
        yield from _faults_of(category, taxonomy)
        for keyword in category.keywords:
            yield from _keyword_faults(keyword, category.label, where)
    for kind in ("urgent_replies", "sorry_replies", "calm_replies"):
        yield from _pattern_faults(getattr(taxonomy, kind), kind)
    for kind in ("urgency_words", "safety_words", "legal_words"):
        own: dict[tuple[str, ...], str] = {}
        for keyword in getattr(taxonomy, kind):
            yield from _keyword_faults(keyword, kind, own)


def _faults_of(category: Category, taxonomy: Taxonomy) -> Iterator[str]:
    label = category.label
    if category.department not in taxonomy.departments:
        yield f"category `{label}` names an unknown department `{category.department}`"
    if category.team not in taxonomy.teams:
        yield f"category `{label}` names an unknown team `{category.team}`"
    if not (category.keywords or category.patterns or taxonomy.from_labels):
        yield f"category `{label}` is empty: it needs keywords or patterns"
    yield from _pattern_faults((*category.patterns, *category.replies), f"category `{label}`")


def _pattern_faults(patterns: Iterable[str], place: str) -> Iterator[str]:
    for pattern in patterns:
        try:
            matches_nothing = re.compile(pattern).search("") is not None
        except re.error as error:
            yield f"{place} has a bad pattern `{pattern}`: {error}"
        else:
            if matches_nothing and pattern[:1] != "^":
                yield f"{place} has the pattern `{pattern}`, which matches every text"


def _keyword_faults(keyword: str, place: str, seen: dict[tuple[str, ...], str]) -> Iterator[str]:
    key = tuple(words(plain(keyword)))
    if not key:
        yield f"keyword `{keyword}` of `{place}` has no word in it: make it a pattern"
    elif key in seen:
        again = "twice" if seen[key] == place else f"already in `{seen[key]}`"
        yield f"keyword `{keyword}` of `{place}` is a duplicate: it is there {again}"
    else:
        seen[key] = place


def _repeated(values: tuple[str, ...]) -> list[str]:
    return [value for at, value in enumerate(values) if value in values[:at]]


def _say(fault: Any, raw: Any) -> str:
    parts = list(fault["loc"])
    if len(parts) > 1 and parts[0] == "categories" and isinstance(parts[1], int):
        entry = raw["categories"][parts[1]]
        parts[1] = entry.get("label", parts[1]) if isinstance(entry, dict) else parts[1]
    where = ".".join(str(part) for part in parts)
    if fault["type"] == "extra_forbidden":
        return f"`{where}` is not a known key"
    if fault["type"] == "missing":
        return f"`{where}` is missing"
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])
    return f"`{where or 'the file'}` is {fault['input']!r}: {fault['msg'][0].lower()}{fault['msg'][1:]}"
