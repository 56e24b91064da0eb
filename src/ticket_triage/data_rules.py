"""What a table must be like to go on: the rules as values, in the order in which they are checked and told.

A rule names an expectation of Great Expectations and its arguments; `suites` runs them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ticket_triage import params, schema
from ticket_triage.taxonomy import Taxonomy

GOLD = ("ticket_id", *schema.GOLD_COLUMNS)

# What Great Expectations calls the types of `schema.TICKET_DTYPES`.
_TYPES = {"str": "str", "datetime64[us, UTC]": "Timestamp", "Int32": "int32"}

_NOT_NULL = "ExpectColumnValuesToNotBeNull"
_BETWEEN = "ExpectColumnValuesToBeBetween"
_IN_SET = "ExpectColumnValuesToBeInSet"
_MATCH = "ExpectColumnValuesToMatchRegex"
_UNIQUE = "ExpectColumnValuesToBeUnique"
_DIFFERENT = "ExpectColumnProportionOfUniqueValuesToBeBetween"
_COLUMNS = "ExpectTableColumnsToMatchSet"
_ROWS = "ExpectTableRowCountToBeBetween"
_TYPE = "ExpectColumnValuesToBeOfType"
_PAIR = "ExpectColumnPairValuesAToBeGreaterThanB"


@dataclass(frozen=True)
class Rule:
    """An expectation and the words to say it: `expected` goes on after "expected ".

    A row that breaks a rule `per_row` leaves, the others go on; any other rule stops the whole table.
    """

    name: str
    column: str
    expected: str
    expectation: str
    options: dict[str, Any] = field(default_factory=dict)
    per_row: bool = False


def raw_table(source: str, settings: params.Source, limits: params.Validate) -> list[Rule]:
    """Rules for the first rows of a source's raw table, its cells read as text."""
    table = f"raw.{source}"
    if isinstance(settings, params.Csv):
        needed = tuple(dict.fromkeys(name for name in settings.columns.model_dump().values() if name))
        return [_has_columns(table, needed), _has_rows(table)]
    share = {"mostly": 1 - limits.max_bad_raw}
    most = f"in at least {1 - limits.max_bad_raw:.1%} of the rows"
    number = r"^\d+(?:\.0)?$"
    return [
        _has_columns(table, schema.TWCS_COLUMNS),
        _has_rows(table),
        Rule(f"{table}.id_type", "tweet_id", f"whole numbers {most}", _MATCH, {"regex": number, **share}),
        Rule(
            f"{table}.inbound",
            "inbound",
            f"True or False {most}",
            _IN_SET,
            {"value_set": ["True", "False"], **share},
        ),
        Rule(
            f"{table}.parent_type",
            "in_response_to_tweet_id",
            f"whole numbers or nothing {most}",
            _MATCH,
            {"regex": number, **share},
        ),
    ]


def raw_ids(source: str, column: str, limits: params.Validate) -> list[Rule]:
    """Rules for the ids of all rows of a raw table."""
    least = 1 - limits.max_bad_raw
    return [
        Rule(
            f"raw.{source}.id_missing",
            column,
            f"at least {least:.1%} filled",
            _NOT_NULL,
            {"mostly": least},
        ),
        Rule(
            f"raw.{source}.id_repeated",
            column,
            f"at least {least:.1%} of the ids to be different",
            _DIFFERENT,
            {"min_value": least},
        ),
    ]


def ticket_columns() -> list[Rule]:
    """Rules for the shape of the ticket table: without them no other can be checked."""
    types = [
        Rule(f"tickets.type.{name}", name, f"the type {dtype}", _TYPE, {"type_": _TYPES[dtype]})
        for name, dtype in schema.TICKET_DTYPES.items()
    ]
    return [_has_columns("tickets", schema.TICKET_COLUMNS), _has_rows("tickets"), *types]


def gold_columns() -> list[Rule]:
    """Rules for the shape of the gold table, which may be empty."""
    return [_has_columns("gold", GOLD)]


def languages(limits: params.Validate) -> list[Rule]:
    """Rules for the column `language` of a sample of the texts, missing where none is recognised."""
    share = limits.min_main_languages
    return [
        Rule(
            "tickets.languages",
            "language",
            f"{' or '.join(limits.main_languages)} in at least {share:.0%} of the sample",
            _IN_SET,
            {"value_set": list(limits.main_languages), "mostly": share},
        )
    ]


def tickets(sources: Iterable[str], limits: params.Validate) -> list[Rule]:
    """Rules for the tickets and their `text_length`, the characters left after stripping."""
    low, high = limits.text_length
    empty, repeated = limits.max_empty_texts, limits.max_duplicate_texts
    first, last = (pd.Timestamp(day, tz="UTC").to_pydatetime() for day in limits.dates)
    names = sorted(sources)
    window = {"min_value": first, "max_value": last}
    when = f"nothing or a time from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    later = {"column_A": "received_at", "column_B": "created_at", "or_equal": True}
    return [
        Rule(
            "tickets.empty_texts",
            "text_length",
            f"at most {empty:.1%} of the texts to be empty",
            _BETWEEN,
            {"min_value": 1, "mostly": 1 - empty},
        ),
        Rule(
            "tickets.repeated_texts",
            "text_key",
            f"at most {repeated:.1%} of the texts to repeat another: {1 - repeated:.4f} different",
            _DIFFERENT,
            {"min_value": 1 - repeated},
        ),
        _row("tickets.id", "ticket_id", "an id", _NOT_NULL),
        _row("tickets.id_unique", "ticket_id", "ids that no other ticket has", _UNIQUE),
        _row("tickets.source_missing", "source", "the name of a source", _NOT_NULL),
        _row("tickets.source", "source", f"one of {', '.join(names)}", _IN_SET, value_set=names),
        _row(
            "tickets.text_length",
            "text_length",
            f"{low} to {high} characters besides space",
            _BETWEEN,
            min_value=low,
            max_value=high,
        ),
        _row("tickets.text_key", "text_key", "16 hex digits", _MATCH, regex=r"^[0-9a-f]{16}$"),
        _row("tickets.created_at", "created_at", when, _BETWEEN, **window),
        _row("tickets.received_at", "received_at", when, _BETWEEN, **window),
        Rule(
            "tickets.received_after",
            "received_at",
            "a time not before `created_at`",
            _PAIR,
            {**later, "ignore_row_if": "either_value_is_missing"},
            per_row=True,
        ),
        _row("tickets.earlier_tickets", "earlier_tickets", "nothing or 0 and more", _BETWEEN, min_value=0),
    ]


def gold(taxonomy: Taxonomy) -> list[Rule]:
    """Rules for the gold labels and `has_ticket`: whether the ticket is known and was not quarantined."""
    labels = list(taxonomy.labels)
    own = "" if taxonomy.from_labels else " (`validate.taxonomy: data/own_labels.yaml` takes a source's own)"
    allowed = f"nothing or a category of the taxonomy `{taxonomy.name}`{own}"
    return [
        _row("gold.id", "ticket_id", "an id", _NOT_NULL),
        _row("gold.id_unique", "ticket_id", "one gold label for a ticket", _UNIQUE),
        _row("gold.ticket", "has_ticket", "a ticket that goes on", _IN_SET, value_set=[True]),
        _row("gold.category", "category", allowed, _IN_SET, value_set=labels),
        _row("gold.second_category", "second_category", allowed, _IN_SET, value_set=labels),
        _one_of("priority", schema.PRIORITIES),
        _one_of("sentiment", schema.SENTIMENTS),
        _row("gold.passes", "passes", "nothing or 1 and more", _BETWEEN, min_value=1),
    ]


def _has_columns(table: str, names: Iterable[str]) -> Rule:
    needed = sorted(names)
    options = {"column_set": needed, "exact_match": False}
    return Rule(f"{table}.columns", "", f"the columns {', '.join(needed)}", _COLUMNS, options)


def _has_rows(table: str) -> Rule:
    return Rule(f"{table}.rows", "", "at least one row", _ROWS, {"min_value": 1})


def _row(name: str, column: str, expected: str, expectation: str, **options: Any) -> Rule:
    return Rule(name, column, expected, expectation, options, per_row=True)


def _one_of(column: str, labels: Iterable[str]) -> Rule:
    values = list(labels)
    return _row(f"gold.{column}", column, f"nothing or one of {', '.join(values)}", _IN_SET, value_set=values)
