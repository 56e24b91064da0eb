"""Gold labels: files of keys and labels, and their join to tickets."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ticket_triage.files import TriageError
from ticket_triage.schema import GOLD_COLUMNS, GOLD_PREFIX, PRIORITIES, SENTIMENTS
from ticket_triage.taxonomy import Taxonomy

LABEL_COLUMNS = tuple(column for column in GOLD_COLUMNS if column != "text_key")
TICKET_GOLD = tuple(GOLD_PREFIX + column for column in LABEL_COLUMNS)


def read_gold(path: Path, taxonomy: Taxonomy) -> pd.DataFrame:
    """A gold file: `tweet_id` (missing where unknown) and GOLD_COLUMNS, one row per text key.

    The file must have `text_key` and `category` or `priority`; other columns may be absent.

    Raises:
        TriageError: it is missing, lacks a column, has a key twice, or a label unknown to the taxonomy.
    """
    path = Path(path)
    try:
        gold = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise TriageError(f"cannot read the gold labels {path}: {error}") from error
    if "text_key" not in gold or not {"category", "priority"} & set(gold):
        raise TriageError(f"the gold labels {path} need the columns text_key and category or priority")
    gold = gold.reindex(columns=["tweet_id", *GOLD_COLUMNS])
    repeated = gold["text_key"][gold["text_key"].duplicated() | gold["text_key"].isna()]
    if len(repeated):
        raise TriageError(
            f"the gold labels {path} have the text key {repeated.iloc[0]} empty or more than once"
        )
    check_labels(gold, taxonomy, str(path))
    try:
        return gold.astype({"passes": "Int32"})
    except ValueError as error:
        raise TriageError(
            f"the gold labels {path} have a number of passes that is not one: {error}"
        ) from error


def check_labels(gold: pd.DataFrame, taxonomy: Taxonomy, where: str) -> None:
    """Refuse gold labels that nobody knows.

    Raises:
        TriageError: naming the column, the labels and `where` they stand.
    """
    known = {
        "category": taxonomy.labels,
        "second_category": taxonomy.labels,
        "priority": PRIORITIES,
        "sentiment": SENTIMENTS,
    }
    for column, labels in known.items():
        strange = sorted(set(gold[column].dropna()) - set(labels))
        if strange:
            raise TriageError(
                f"{where}: `{column}` holds {', '.join(map(repr, strange[:5]))}, "
                f"which taxonomy {taxonomy.name} does not know; it knows {', '.join(labels)}"
            )


def join(
    tickets: pd.DataFrame, own_gold: pd.DataFrame, gold_files: Mapping[str, pd.DataFrame | None]
) -> pd.DataFrame:
    """The tickets followed by `gold_*` columns, empty where a ticket has no gold label.

    A source with rows in `own_gold` (`ticket_id` and GOLD_COLUMNS) is joined by ticket id; any other by text
    key to `gold_files[source]`, if it has one. An equal tweet id alone does not join: files of the shape of
    twcs.csv number their rows alike, and the label was given to words. See `id_conflicts`.
    """
    own = _of_tickets(own_gold, tickets)
    labels = own.set_index("ticket_id")[list(LABEL_COLUMNS)].astype("object")
    labels = labels.reindex(tickets["ticket_id"]).set_axis(tickets.index)
    with_own = set(tickets["source"][tickets["ticket_id"].isin(own["ticket_id"])])
    for source in sorted(set(tickets["source"]) - with_own):
        gold = gold_files.get(source)
        if gold is not None:
            at = tickets.index[tickets["source"] == source]
            found = gold.set_index("text_key")[list(LABEL_COLUMNS)].reindex(tickets.loc[at, "text_key"])
            labels.loc[at] = found.set_axis(at)
    labels = labels.astype({column: "Int32" if column == "passes" else "str" for column in LABEL_COLUMNS})
    return tickets.assign(**{GOLD_PREFIX + column: labels[column] for column in LABEL_COLUMNS})


def id_conflicts(tickets: pd.DataFrame, gold: pd.DataFrame) -> int:
    """How many tickets have the id of a gold row but not its text: none in the file that was labelled."""
    own_id = tickets["ticket_id"].str.split(":", n=1).str[-1]
    key = gold.dropna(subset=["tweet_id"]).drop_duplicates("tweet_id").set_index("tweet_id")["text_key"]
    expected = own_id.map(key)
    return int((expected.notna() & (expected != tickets["text_key"])).sum())


def is_gold(tickets: pd.DataFrame) -> "pd.Series[bool]":
    """Which tickets have a gold label for at least one task."""
    return tickets["gold_category"].notna() | tickets["gold_priority"].notna()


def _of_tickets(own_gold: pd.DataFrame, tickets: pd.DataFrame) -> pd.DataFrame:
    """Gold rows of tickets that are there; validation may have quarantined some."""
    own = own_gold[own_gold["ticket_id"].isin(tickets["ticket_id"])]
    repeated = own["ticket_id"][own["ticket_id"].duplicated()]
    if len(repeated):
        raise TriageError(f"ticket {repeated.iloc[0]} has more than one gold label of its own source")
    return own
