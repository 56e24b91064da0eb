"""From a ticket to its features: nothing is fitted, nothing looks at another row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pycld2

from ticket_triage import text as rules
from ticket_triage.features import entities, lexicon, sentiment
from ticket_triage.features.names import CALENDAR, CATEGORICAL, NUMERIC, TEXT, UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

# Bounds that keep one hostile text from holding up the others; far above what a ticket says its matter in.
READ = 4_000  # characters of a ticket that become features
FELT = 1_000  # characters whose sentiment is measured: an emoji counts as many words there

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_UPPER = re.compile(r"[A-ZÀ-ÖØ-ÞА-Я]")
_SHOUT = re.compile(r"[A-Z](?<!\w[A-Z])[A-Z]{2,}(?!\w)")  # its first letter is looked for at once
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~¡¿…、。！？]")
_DIGIT = re.compile(r"\d")
_SENTENCE = re.compile(r"[.!?。！？]+(?:\s|$)")
_TOKEN = re.compile("|".join(rules.TOKENS))
_MARK = re.compile(r"[#_*~^|=]|<\w+>")
_MARK_OR_EMOJI = re.compile(_MARK.pattern + "|" + rules.EMOJI.pattern)
_HANDLE = re.compile(r"(?<!\w)@\w{1,40}")
_REPEATED = re.compile(r"(\W)\1{3,}")


def build(tickets: pd.DataFrame, *, calendar: bool = False) -> pd.DataFrame:
    """Features of tickets: needs `text` alone, uses the other ticket columns where they are.

    Personal data is masked before anything else, so no feature holds any. A row's features depend on that row
    alone. A column `language` is believed; where it is empty the text is asked. `calendar` adds the columns CALENDAR.

    Returns:
        TEXT (str), NUMERIC (float32, NaN where unknown), CATEGORICAL (str, UNKNOWN where unknown) and, if
        asked for, CALENDAR (float32, NaN where undated), with the index of `tickets`.
    """
    import pandas as pd  # half a second that one ticket needs not wait for

    rows = [_row(text) for text in _texts(tickets)]
    columns: dict[str, Any] = {TEXT: pd.array([row[0] for row in rows], dtype="str")}
    measured = np.array([row[1] for row in rows], dtype="float32").reshape(len(rows), len(MEASURED))
    for place, name in enumerate(MEASURED):
        columns[name] = measured[:, place]
    columns["earlier_tickets"] = (
        _number(tickets, "earlier_tickets").fillna(0).clip(lower=0).to_numpy("float32")
    )
    created, received = _time(tickets, "created_at"), _time(tickets, "received_at")
    age = (received - created).dt.total_seconds() / 3600
    columns["age_hours"] = age.clip(lower=0).to_numpy("float32")
    columns["language"] = pd.array(_languages(tickets, [row[2] for row in rows]), dtype="str")
    columns["addressed"] = pd.array([row[3] for row in rows], dtype="str")
    for name in ("channel", "tier"):
        columns[name] = _category(tickets, name)
    if calendar:
        columns |= _calendar(created)
    order = (TEXT, *NUMERIC, *CATEGORICAL, *(CALENDAR if calendar else ()))
    return pd.DataFrame({name: columns[name] for name in order}, index=tickets.index)


@dataclass(frozen=True, slots=True)
class Features:
    """The row of one ticket: `numeric` is float32 in the order of NUMERIC, and of CALENDAR if it was asked for."""

    text: str
    numeric: np.ndarray
    categorical: tuple[str, ...]  # in the order of CATEGORICAL


def one(ticket: Mapping[str, Any], *, calendar: bool = False) -> Features:
    """The row that `build` makes of a single ticket, a hundred times as fast.

    Args:
        ticket: the columns that it has; times are aware datetimes. What is None counts as absent.
    """
    text, measured, code, addressed = _row(_join(ticket.get("subject"), ticket["text"]))
    created, received = ticket.get("created_at"), ticket.get("received_at")
    age = float("nan") if created is None or received is None else (received - created).total_seconds() / 3600
    numeric = np.array(
        [*measured, max(ticket.get("earlier_tickets") or 0, 0), max(age, 0.0)], dtype="float32"
    )
    if calendar:
        import pandas as pd  # as in `build`

        dated = _calendar(_time(pd.DataFrame({"created_at": [created]}), "created_at"))
        numeric = np.append(numeric, np.array([dated[name][0] for name in CALENDAR], dtype="float32"))
    code = spoken(ticket.get("language")) or code
    return Features(
        text, numeric, (code, addressed, *(_named(ticket.get(name)) for name in ("channel", "tier")))
    )


def masked(ticket: Mapping[str, Any]) -> str:
    """What is read of a ticket's subject and text, with the personal data in it masked."""
    return rules.mask(_join(ticket.get("subject"), ticket["text"]))[:READ]


def _texts(tickets: pd.DataFrame) -> list[str]:
    texts = tickets["text"].tolist()
    if "subject" not in tickets:
        return [text if isinstance(text, str) else "" for text in texts]
    return [_join(subject, text) for subject, text in zip(tickets["subject"].tolist(), texts, strict=True)]


def _join(subject: Any, text: Any) -> str:
    body = text if isinstance(text, str) else ""
    head = subject.strip() if isinstance(subject, str) else ""
    if not head or body.lstrip().startswith(head):
        return body
    return f"{head}{'' if head[-1] in '.!?:' else '.'} {body}"


MEASURED = NUMERIC[:-2]  # what `_row` measures; the two that follow come from other columns


def _row(raw: str) -> tuple[str, tuple[float, ...], str, str]:
    masked = rules.mask(raw)[:READ]
    plain = rules.strip(masked)
    clean = rules.normalise(plain)
    words = _WORD.findall(plain)
    lower = [word.lower() for word in words]
    urgency, repeats, negations, starts, products = lexicon.count(lower)
    starts = lexicon.count([first[0].lower()] if (first := _WORD.search(clean[:40])) else [])[3]
    size = len(plain) or 1
    letters = sum(map(len, words))
    count = len(words) or 1
    handles = _HANDLE.findall(masked) if "@" in masked else []
    digits = len(_DIGIT.findall(plain))
    named = entities.describe(plain) if digits else (0.0, 0.0, 0.0, 0.0)
    measured = (
        len(plain),
        len(words),
        letters / count,
        _readability(letters, len(words), len(_SENTENCE.findall(plain))),
        sentiment.compound(_REPEATED.sub(r"\1\1\1", plain[:FELT])),
        urgency,
        repeats,
        negations,
        starts,
        products,
        len(_UPPER.findall(plain)) / max(letters, 1),
        len(_SHOUT.findall(plain)),
        plain.count("!"),
        plain.count("?"),
        len(_PUNCTUATION.findall(plain)) / size,
        digits / size,
        0 if plain.isascii() else len(rules.EMOJI.findall(plain)),
        plain.count(rules.URL),
        plain.count("#"),
        len(handles),
        len(_TOKEN.findall(plain)) if "<" in plain else 0,
        *named,
    )
    return clean, measured, language(plain), handles[0].lower() if handles else UNKNOWN


def _readability(letters: int, words: int, sentences: int) -> float:
    """Automated readability index, a US school grade (Smith & Senter 1967); NaN without words."""
    if not words:
        return float("nan")
    return 4.71 * letters / words + 0.5 * words / max(sentences, 1) - 21.43


def language(plain: str) -> str:
    """ISO 639-1 code of a stripped text's language by CLD2; `und` where there is too little to tell."""
    words = (_MARK if plain.isascii() else _MARK_OR_EMOJI).sub(" ", plain)
    try:
        _, _, details = pycld2.detect(words, bestEffort=True)
    except pycld2.error:  # it refuses some characters that are valid Unicode
        return "und"
    code = str(details[0][1])
    return "und" if code == "un" else code.partition("-")[0]


def spoken(tag: Any) -> str:
    """ISO 639-1 code that a language tag such as `pt-BR` begins with; empty if it is none."""
    code = re.split("[-_]", tag.strip().lower(), maxsplit=1)[0] if isinstance(tag, str) else ""
    return code if re.fullmatch("[a-z]{2,3}", code) else ""


def _languages(tickets: pd.DataFrame, heard: list[str]) -> list[str]:
    if "language" not in tickets:
        return heard
    return [spoken(tag) or code for tag, code in zip(tickets["language"].tolist(), heard, strict=True)]


def _number(tickets: pd.DataFrame, name: str) -> pd.Series[float]:
    import pandas as pd  # as in `build`

    if name not in tickets:
        return pd.Series(float("nan"), index=tickets.index)
    return pd.to_numeric(tickets[name], errors="coerce").astype("float64")


def _time(tickets: pd.DataFrame, name: str) -> pd.Series[pd.Timestamp]:
    import pandas as pd  # as in `build`

    if name not in tickets:
        return pd.Series(pd.NaT, index=tickets.index, dtype="datetime64[us, UTC]")
    return pd.to_datetime(tickets[name], utc=True, errors="coerce", format="ISO8601").astype(
        "datetime64[us, UTC]"
    )


def _category(tickets: pd.DataFrame, name: str) -> Any:
    import pandas as pd  # as in `build`

    if name not in tickets:
        return pd.array([UNKNOWN] * len(tickets), dtype="str")
    return pd.array([_named(value) for value in tickets[name].tolist()], dtype="str")


def _named(value: Any) -> str:
    return (value.strip().lower()[:40] if isinstance(value, str) else "") or UNKNOWN


def _calendar(created: pd.Series[pd.Timestamp]) -> dict[str, Any]:
    """Circles as sine and cosine, so that midnight is beside 23 o'clock and December beside January; UTC."""
    hour = created.dt.hour + created.dt.minute / 60
    day = created.dt.dayofweek
    business = ((day < 5) & (hour >= 9) & (hour < 17)).astype("float64").where(created.notna())
    circles = {"hour": hour / 24, "weekday": day / 7, "season": created.dt.dayofyear / 365.25}
    found = {"business_hours": business.to_numpy("float32")}
    for name, turn in circles.items():
        angle = 2 * np.pi * turn.to_numpy("float64")
        found[f"{name}_sine"] = np.sin(angle).astype("float32")
        found[f"{name}_cosine"] = np.cos(angle).astype("float32")
    return found
