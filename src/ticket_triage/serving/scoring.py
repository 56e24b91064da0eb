"""Whole files through a triage model, in memory that does not grow with them."""

import gc
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ticket_triage.files import TriageError
from ticket_triage.schema import TICKET_DTYPES, Explain, ModelRef, Ticket
from ticket_triage.serving.sheets import writing
from ticket_triage.serving.tables import PIPE, Chunk, Format, Table, format_of, reading

if TYPE_CHECKING:
    from ticket_triage.models.triage_model import TriageModel

ROWS = 5_000  # in memory at a time
WORDS = 5  # of each task whose effect is told where no number of reasons is asked for
IDS = ("ticket_id", "id", "tweet_id")
ROW = "row"  # the id of a table that has none: 1 is the first ticket
PREDICTED = (
    "category",
    "category_confidence",
    "category_set",
    "priority",
    "priority_confidence",
    "priority_set",
    "department",
    "team",
    "decision",
    "review_reasons",
    "escalation",
    "degraded",
)
EXPLAINED = ("reasons", "neighbours")  # where reasons are asked for
EFFECTS = "effects"  # where they are asked for in full
OURS = (ROW, "model", *PREDICTED, *EXPLAINED, EFFECTS, "error")
OPTIONAL = tuple(name for name in Ticket.model_fields if name != "text")
MAX_TEXT = next(m.max_length for m in Ticket.model_fields["text"].metadata if hasattr(m, "max_length"))
# As the Kaggle file writes them; what is neither this nor ISO 8601 is a missing date.
TWITTER_TIME = "%a %b %d %H:%M:%S %z %Y"

Progress = Callable[[int, float | None], None]


@dataclass
class Tally:
    """What a scored file came to."""

    tickets: int = 0
    review: int = 0
    faults: int = 0


def score(
    model: "TriageModel",
    ref: ModelRef,
    source: str,
    target: str,
    *,
    text: str = "text",
    ids: Sequence[str] = (),
    reasons: int = 0,
    explain: Explain = "short",
    form: Format | None = None,
    progress: Progress = lambda tickets, share: None,
) -> Tally:
    """Score the tickets of a file into another, in their order; "-" is standard input or output.

    The output has the input's id columns (`ids`, else those of IDS that it has, else the row's number), the
    model's name and version, the prediction, and in `error` why a row could not be answered: such a row is
    for review. With `reasons` the nearest gold tickets are told, too, and with `explain="full"` what each word does.
    Other columns of a ticket are used where the input has them under their own names. `form` is
    the format of standard input and output; `progress` is told tickets done and the share of the file.

    Raises:
        TriageError: the input cannot be read or lacks a column, or the output cannot be written.
    """
    if source != PIPE and target != PIPE and Path(source).resolve() == Path(target).resolve():
        raise TriageError(f"{source} is both input and output: name another file for the predictions")
    read_as = form if form and source == PIPE else format_of(source, target)
    write_as = form if form and target == PIPE else format_of(target, source)
    tally = Tally()
    with reading(source, read_as, ROWS) as table:
        _check(source, table, text, ids)
        keys = tuple(ids) or tuple(name for name in IDS if name in table.columns)
        asked = (*PREDICTED, *(EXPLAINED if reasons else ()), *((EFFECTS,) if explain == "full" else ()))
        names = (*(keys or (ROW,)), "model", *asked, "error")
        types = {name: table.types[name] for name in keys if name in table.types}
        with _settled(), writing(target, write_as, names, types) as write:
            for chunk in table.chunks({text, *keys, *OPTIONAL}):
                columns = _score(model, ref, chunk, text, asked, reasons)
                columns |= {ROW: list(range(tally.tickets + 1, tally.tickets + 1 + len(chunk)))}
                write(columns | {key: chunk.columns[key] for key in keys})
                tally.tickets += len(chunk)
                tally.review += columns["decision"].count("review")
                tally.faults += len(chunk) - columns["error"].count(None)
                progress(tally.tickets, chunk.share)
    return tally


@contextmanager
def _settled() -> Iterator[None]:
    """What is loaded by now stays, so that the garbage collector need not walk over it: a tenth of the time."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _check(source: str, table: Table, text: str, ids: Sequence[str]) -> None:
    if clash := [name for name in ids if name in OURS]:
        raise TriageError(
            f"the predictions have a column {clash[0]!r} of their own: rename the one in {source}"
        )
    for name, option in ((text, "--text"), *((name, "--id") for name in ids)):
        if name not in table.columns:
            known = ", ".join(table.columns)
            raise TriageError(
                f"{source} has no column {name!r}, it has {known}: name the right one with {option}"
            )


def _score(
    model: "TriageModel", ref: ModelRef, chunk: Chunk, text: str, names: Sequence[str], reasons: int
) -> dict[str, list[Any]]:
    texts = chunk.columns[text]
    faults = [fault or _fault(value) for fault, value in zip(chunk.faults, texts, strict=True)]
    good = [place for place, fault in enumerate(faults) if fault is None]
    answers: dict[str, list[Any]] = {name: [None] * len(chunk) for name in names}
    answers["decision"] = ["review"] * len(chunk)
    if good:
        tickets = _frame(chunk, text, good)
        predicted = model.predict(tickets, reasons=reasons)
        if EFFECTS in names:
            predicted[EFFECTS] = pd.Series(_effects(model, tickets, predicted, reasons), dtype=object)
        for name in names:
            answer = answers[name]
            for place, value in zip(good, _values(predicted[name]), strict=True):
                answer[place] = value
    return {"model": [f"{ref.name}:{ref.version}"] * len(chunk), **answers, "error": faults}


def _effects(
    model: "TriageModel", tickets: pd.DataFrame, predicted: pd.DataFrame, most: int
) -> list[list[dict[str, Any]]]:
    from ticket_triage.models import (
        occlusion,  # with scikit-learn, which a command that only helps must not load
    )

    given: list[Any] = tickets.astype(object).where(tickets.notna(), None).to_dict("records")
    answers: list[Any] = predicted.to_dict("records")
    return [
        occlusion.effects(model.single, ticket, answer, most or WORDS)
        for ticket, answer in zip(given, answers, strict=True)
    ]


def _fault(text: Any) -> str | None:
    if text is None or text == "":
        return "no text"
    if not isinstance(text, str):
        return "the text is not a string"
    if not text.strip():
        return "no text"
    return (
        None if len(text) <= MAX_TEXT else f"the text has {len(text)} characters, at most {MAX_TEXT} are read"
    )


def _values(column: pd.Series) -> list[Any]:
    if pd.api.types.is_float_dtype(column.dtype):
        return [None if math.isnan(value) else round(value, 6) for value in column.tolist()]
    return [None if value is None or value != value else value for value in column.tolist()]


def _frame(chunk: Chunk, text: str, good: Sequence[int]) -> pd.DataFrame:
    def pick(name: str) -> list[Any]:
        values = chunk.columns[name]
        return values if len(good) == len(values) else [values[place] for place in good]

    columns = {"text": pd.Series([_whole(value) for value in pick(text)], dtype="str")}
    for name in OPTIONAL:
        if name in chunk.columns and name != text:
            columns[name] = _parsed(name, pick(name))
    return pd.DataFrame(columns).astype({name: TICKET_DTYPES[name] for name in columns})


def _whole(text: str) -> str:
    """Half of a surrogate pair, which JSON can spell and UTF-8 cannot, becomes the replacement character."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _parsed(name: str, values: list[Any]) -> pd.Series:
    column = pd.Series(values, dtype="object")
    if TICKET_DTYPES[name].startswith("datetime"):
        return _times(column)
    if name == "earlier_tickets":
        numbers = pd.to_numeric(column, errors="coerce")
        return numbers.where(numbers.between(0, 1_000_000)).round()
    return pd.Series([None if value in (None, "") else _whole(str(value)) for value in values], dtype="str")


def _times(column: pd.Series) -> pd.Series:
    times = pd.to_datetime(column, format="ISO8601", errors="coerce", utc=True)
    rest = times.isna() & column.notna()
    if not rest.any():
        return times
    return times.fillna(pd.to_datetime(column.where(rest), format=TWITTER_TIME, errors="coerce", utc=True))
