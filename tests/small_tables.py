"""Six good tickets as raw rows, tickets and gold, to be broken, and what validation makes of them."""

from pathlib import Path

import pandas as pd
import pytest

from ticket_triage import params, schema, taxonomy
from ticket_triage.files import TriageError, text_key
from ticket_triage.validation import Raw, Validated, validate

TWCS = params.Twcs(kind="twcs", path="twcs.csv")
CSV = params.Csv(kind="csv", path="own.csv", columns=params.Columns(text="body", id="number"))
LIMITS = params.Validate(
    taxonomy="data/own_labels.yaml",
    max_quarantined=0.5,
    text_length=(2, 60),
    dates=("2010-01-01", "2030-01-01"),
    max_bad_raw=0.2,
    max_empty_texts=0.3,
    max_duplicate_texts=0.4,
    main_languages=["en"],
    min_main_languages=0.5,
)
LABELS = taxonomy.from_labels(["billing", "delivery"], "own")
TEXTS = (
    "I was charged twice for the same order, please help",
    "My parcel has still not arrived after two weeks",
    "The application crashes every time that I open it",
    "Thank you for the quick answer, you are the best",
    "How do I change the address of my account?",
    "The website has been down since this morning",
)


def raw(**columns: list[object]) -> Raw:
    count = len(TEXTS)
    table = pd.DataFrame(
        {
            "tweet_id": [str(number) for number in range(count)],
            "author_id": "someone",
            "inbound": "True",
            "created_at": "Tue Oct 31 22:10:47 +0000 2017",
            "text": list(TEXTS),
            "response_tweet_id": None,
            "in_response_to_tweet_id": None,
        }
    ).assign(**columns)
    return Raw(TWCS, count, table.astype("str"), table[["tweet_id"]])


def ids(*values: object) -> pd.DataFrame:
    return pd.DataFrame({"tweet_id": values})


def tickets(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "ticket_id": [f"own:{number}" for number in range(len(TEXTS))],
            "source": "own",
            "text": list(TEXTS),
            "text_key": [text_key(text) for text in TEXTS],
            "created_at": pd.Timestamp("2017-10-31", tz="UTC"),
            "earlier_tickets": 0,
        }
    )
    return frame.reindex(columns=list(schema.TICKET_COLUMNS)).assign(**columns).astype(schema.TICKET_DTYPES)


def first(value: object, rest: object) -> list[object]:
    return [value, *[rest] * (len(TEXTS) - 1)]


def gold(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"ticket_id": ["own:0", "own:1"], "text_key": [text_key(text) for text in TEXTS[:2]]}
    )
    frame = frame.reindex(columns=["ticket_id", *schema.GOLD_COLUMNS])
    labels = {"category": ["billing", "delivery"], "priority": ["high", "low"], "passes": 1}
    return frame.assign(**(labels | columns))


def check(
    folder: Path,
    raws: dict[str, Raw] | None = None,
    table: pd.DataFrame | None = None,
    labels: pd.DataFrame | None = None,
    **limits: object,
) -> Validated:
    return validate(
        {"own": raw()} if raws is None else raws,
        tickets() if table is None else table,
        gold() if labels is None else labels,
        LABELS,
        LIMITS.model_copy(update=limits),
        folder / "docs",
    )


def refused(folder: Path, *, table: pd.DataFrame | None = None, **changes: object) -> str:
    with pytest.raises(TriageError) as error:
        check(folder, table=table, **changes)  # type: ignore[arg-type]
    return str(error.value)
