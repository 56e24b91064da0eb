"""The rules have names to be told by, and say what they expect."""

from pathlib import Path

import pytest

from ticket_triage import data_rules, params, schema, taxonomy
from ticket_triage.data_rules import Rule

LIMITS = params.read(Path(__file__).parents[1] / "params.yaml").validate_
LABELS = taxonomy.from_labels(["billing", "delivery"], "own")
CSV = params.Csv(
    kind="csv", path="own.csv", columns=params.Columns(text="body", subject="title", category="body")
)
TWCS = params.Twcs(kind="twcs", path="twcs.csv")


def every() -> list[Rule]:
    return [
        *data_rules.raw_table("one", TWCS, LIMITS),
        *data_rules.raw_table("two", CSV, LIMITS),
        *data_rules.raw_ids("one", "tweet_id", LIMITS),
        *data_rules.ticket_columns(),
        *data_rules.gold_columns(),
        *data_rules.languages(LIMITS),
        *data_rules.tickets(["one", "two"], LIMITS),
        *data_rules.gold(LABELS),
    ]


def test_names_are_unique_and_the_order_is_fixed() -> None:
    names = [rule.name for rule in every()]
    assert len(set(names)) == len(names)
    assert names == [rule.name for rule in every()]


def test_every_rule_says_what_it_expects() -> None:
    assert all(rule.expected and not rule.expected.endswith(".") for rule in every())


def test_every_ticket_column_has_a_type() -> None:
    typed = [rule.column for rule in data_rules.ticket_columns() if rule.name.startswith("tickets.type.")]
    assert typed == list(schema.TICKET_COLUMNS)


def test_a_csv_needs_the_columns_that_are_mapped() -> None:
    columns = data_rules.raw_table("two", CSV, LIMITS)[0]
    assert columns.options["column_set"] == ["body", "title"]


@pytest.mark.parametrize(("column", "rule"), [("category", "gold.category"), ("priority", "gold.priority")])
def test_gold_is_held_against_the_taxonomy_and_the_priorities(column: str, rule: str) -> None:
    allowed = {"category": list(LABELS.labels), "priority": list(schema.PRIORITIES)}
    found = next(known for known in data_rules.gold(LABELS) if known.name == rule)
    assert found.options["value_set"] == allowed[column]


def test_foreign_labels_are_told_how_to_be_taken() -> None:
    def told(labels: taxonomy.Taxonomy) -> str:
        return next(rule.expected for rule in data_rules.gold(labels) if rule.name == "gold.category")

    assert "validate.taxonomy: data/own_labels.yaml" in told(LABELS.model_copy(update={"from_labels": False}))
    assert "validate.taxonomy: data/own_labels.yaml" not in told(LABELS)
