"""What stops bad data: raw tables, tickets and gold are checked, and rows that break a rule are set apart.

A table rule (columns, types, shares) holds for the whole: where one is broken, nothing goes on. A row rule
holds for each row: those that break one go to the quarantine with its name, unless too many would.
The result of every suite is written as a Data Docs page, also when the data are refused.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from ticket_triage import data_rules, datadocs, params, taxonomy
from ticket_triage.data_rules import Rule
from ticket_triage.features.build import READ, language
from ticket_triage.files import TriageError
from ticket_triage.suites import Suites, refusal
from ticket_triage.taxonomy import Taxonomy
from ticket_triage.text import strip

QUARANTINE = ("table", "ticket_id", "text_key", "source", "rules", "row")
HEAD = 10_000  # rows of a raw table whose cells are looked at
SAMPLE = 2_000  # texts whose language is detected


@dataclass(frozen=True)
class Raw:
    """What is checked of a source's raw table: its first rows as text, and the ids of all if it has any."""

    source: params.Source
    rows: int
    head: pd.DataFrame
    ids: pd.DataFrame


@dataclass(frozen=True)
class Validated:
    """What goes on, what does not, and the counts of both."""

    tickets: pd.DataFrame
    gold: pd.DataFrame
    quarantine: pd.DataFrame
    summary: dict[str, Any]


def read_raw(path: Path, source: params.Source) -> Raw:
    """Read what there is to check of a raw table: 10,000 rows and one column, however long the file.

    Raises:
        TriageError: the file is missing or damaged.
    """
    id_column = source.columns.id if isinstance(source, params.Csv) else "tweet_id"
    try:
        with pq.ParquetFile(path) as file:
            ids = file.read([id_column] if id_column in file.schema_arrow.names else [])
            head = next(file.iter_batches(HEAD), file.schema_arrow.empty_table())
            return Raw(source, file.metadata.num_rows, head.to_pandas().astype("str"), ids.to_pandas())
    except (OSError, ValueError) as error:
        raise TriageError(f"cannot read {path}: {error}") from error


def resolve(setting: str, gold: pd.DataFrame, pool: str) -> Taxonomy:
    """The experts' file at the path `setting`, or one made of gold's own categories if the file asks for that.

    Raises:
        TriageError: the file is missing or wrong, or there are no labels.
    """
    if taxonomy.asks_for_labels(Path(setting)):
        return taxonomy.from_labels(gold["category"].dropna(), pool)
    return taxonomy.read(Path(setting))


def validate(
    raws: Mapping[str, Raw],
    tickets: pd.DataFrame,
    gold: pd.DataFrame,
    categories: Taxonomy,
    settings: params.Validate,
    docs: Path,
) -> Validated:
    """Check the raw tables by source, the pooled tickets and their gold labels; write Data Docs to `docs`.

    Returns: tickets and gold without the rows in quarantine. `quarantine` has the columns QUARANTINE: one row
    for each that left, with every rule that it broke and itself as JSON. A gold label leaves with its ticket.

    Raises:
        TriageError: a table rule is broken, or more rows than `settings.max_quarantined` broke row rules.
    """
    suites, limit = Suites(), settings.max_quarantined
    try:
        for name, raw in raws.items():
            suites.check(f"raw-{name}", raw.head, data_rules.raw_table(name, raw.source, settings))
            for column in raw.ids.columns.astype(str):
                suites.check(f"raw-{name}-ids", raw.ids, data_rules.raw_ids(name, column, settings))
        suites.check("tickets-columns", tickets, data_rules.ticket_columns())
        suites.check("gold-columns", gold, data_rules.gold_columns())
        mix = _languages(tickets["text"])
        suites.check("languages", mix, data_rules.languages(settings))
        lengths = tickets["text"].str.strip().str.len().fillna(0).astype("int64")
        facts = tickets.assign(text_length=lengths)
        keep, bad, summary = _sift(suites, "tickets", facts, data_rules.tickets(raws, settings), limit)
        known = gold["ticket_id"].isin(tickets.loc[keep, "ticket_id"])
        keep_gold, bad_gold, gold_summary = _sift(
            suites, "gold", gold.assign(has_ticket=known), data_rules.gold(categories), limit
        )
    finally:
        datadocs.write(docs, suites.pages())
    shares = mix["language"].value_counts(normalize=True).round(4)
    return Validated(
        tickets[keep].reset_index(drop=True),
        gold[keep_gold].reset_index(drop=True),
        pd.concat([bad, bad_gold], ignore_index=True),
        {
            "raw": {name: raw.rows for name, raw in raws.items()},
            "tickets": summary,
            "gold": gold_summary,
            "languages": dict(sorted(shares.items())),
        },
    )


def _sift(
    suites: Suites, table: str, facts: pd.DataFrame, rules: Sequence[Rule], limit: float
) -> tuple["np.ndarray[Any, np.dtype[np.bool_]]", pd.DataFrame, dict[str, Any]]:
    """Which rows may go on, the quarantine of the others, and how many broke which rule.

    Raises:
        TriageError: a table rule is broken, or too many rows would have to leave.
    """
    failures = suites.check(table, facts, rules)
    broken: dict[int, list[str]] = {}
    for name, rows in failures.items():
        for row in rows:
            broken.setdefault(row, []).append(name)
    if len(broken) > limit * len(facts):
        worst = max((rule for rule in rules if rule.per_row), key=lambda rule: len(failures[rule.name]))
        ids = ", ".join(str(value) for value in facts["ticket_id"].iloc[failures[worst.name][:3]])
        raise refusal(
            worst,
            f"{suites.found[worst.name]} (ids {ids}); by all rules {len(broken)} of {len(facts)} rows "
            f"would leave, more than `validate.max_quarantined` ({limit})",
        )
    keep = np.ones(len(facts), bool)
    keep[list(broken)] = False
    by_rule = {name: len(rows) for name, rows in failures.items()}
    summary = {"rows": len(facts), "quarantined": len(broken), "by_rule": by_rule}
    return keep, _quarantine(table, facts[~keep], [broken[row] for row in sorted(broken)]), summary


def _quarantine(table: str, facts: pd.DataFrame, broken: Sequence[Sequence[str]]) -> pd.DataFrame:
    rows = facts.drop(columns=["text_length", "has_ticket"], errors="ignore").astype(object)
    rows = rows.where(rows.notna(), None)
    prefix = rows["ticket_id"].str.split(":").str[0]  # gold does not hold the source itself
    columns = {
        "table": table,
        "ticket_id": rows["ticket_id"],
        "text_key": rows["text_key"],
        "source": rows.get("source", prefix),
        "rules": [", ".join(names) for names in broken],
        "row": [json.dumps(row, ensure_ascii=False, default=str) for row in rows.to_dict("records")],
    }
    return pd.DataFrame(columns, columns=list(QUARANTINE)).astype("str").reset_index(drop=True)


def _languages(texts: pd.Series) -> pd.DataFrame:
    """The language of evenly spread texts as ISO 639-1, missing where there is too little to tell."""
    places = np.unique(np.linspace(0, len(texts) - 1, num=min(SAMPLE, len(texts))).astype(int))
    found = [language(strip(text[:READ])) for text in texts.iloc[places].fillna("")]
    return pd.DataFrame({"language": [None if code == "und" else code for code in found]}, dtype="str")
