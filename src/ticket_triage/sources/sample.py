"""Generated tickets: invented companies and customers in the Kaggle file's seven columns, and gold labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ticket_triage.files import atomic, text_key
from ticket_triage.schema import GOLD_COLUMNS, PRIORITIES
from ticket_triage.schema import TWCS_COLUMNS as COLUMNS
from ticket_triage.sources.sample_phrases import Book, read
from ticket_triage.sources.sample_text import Writer
from ticket_triage.sources.sample_threads import Threads, threads
from ticket_triage.sources.sample_voices import Voice, draws, voices
from ticket_triage.sources.sample_world import DAY, Ints, by_category, customers, happenings, pick

CHASED = 4_000  # a text that is sent again is at most so many tickets old


@dataclass
class _Tickets:
    brand: Ints
    customer: Ints
    texts: list[str]
    languages: list[str]
    labels: list[tuple[str, str | None, str, str]]  # category, second category, priority, sentiment


def generate(phrases: Path, tickets: int, gold: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tweets as strings in twcs.csv's columns and order, and the gold labels of some of their tickets.

    The gold frame has `tweet_id` and schema.GOLD_COLUMNS for `gold` tickets drawn uniformly (all of them if
    there are fewer); texts that share a key share a label. Same arguments, same frames.

    Raises:
        TriageError: the phrase book is missing, malformed or incomplete.
    """
    book = read(phrases)
    rng = np.random.default_rng(seed)
    speakers = voices(book, rng)
    seconds, brand, category = happenings(book, tickets, rng)
    customer = customers(book, tickets, rng)
    draw = draws(rng)
    written = _write(book, speakers, brand, category, customer, draw, rng)
    thread = threads(seconds, written.brand, len(speakers), rng)
    tweets = _tweets(book, speakers, thread, written, draw)
    return tweets, _gold(book, written, thread.first, gold, rng)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write tweets as the Kaggle file is written: comma separated, UTF-8, quoted where needed."""
    with atomic(path) as draft:
        frame.to_csv(draft, index=False)


def _write(
    book: Book,
    speakers: list[Voice],
    brand: Ints,
    category: Ints,
    customer: Ints,
    draw: Iterator[int],
    rng: np.random.Generator,
) -> _Tickets:
    """Texts and true labels; what is sent again has the brand, and a chaser the customer, of its first."""
    n, rates, writer = len(brand), book.world.rates, Writer(book, draw)
    names = list(book.world.categories)
    tongues = list(book.world.languages)
    tongue = pick(np.array(list(book.world.languages.values())), n, rng)
    priority = by_category(book, "priorities", category, rng)
    sentiment = by_category(book, "sentiments", category, rng)
    u = rng.random(n)
    wordless = u < rates.wordless
    copied = (u > 1 - rates.duplicate - rates.chaser) & (np.arange(n) > 0)
    chased = copied & (u > 1 - rates.chaser)
    back = 1 + (rng.random(n) * np.minimum(np.arange(n), CHASED)).astype(np.int64)
    also = rng.random(n) < rates.also_fits
    out = _Tickets(brand.copy(), customer.copy(), [], [], [])
    for i in range(n):
        voice, language = speakers[brand[i]], tongues[tongue[i]]
        if copied[i]:
            source = i - int(back[i])
            voice, language = speakers[out.brand[source]], out.languages[source]
            out.brand[i] = out.brand[source]
            text, label = out.texts[source], out.labels[source]
            if chased[i] and language != "und":
                out.customer[i] = out.customer[source]
                text = writer.again(voice, text, language)
        elif wordless[i]:
            text, label, language = writer.wordless(voice), ("other", None, "low", "neutral"), "und"
        else:
            name = names[category[i]]
            done = writer.write(voice, name, priority[i], sentiment[i], language)
            near = book.categories[name].near
            second = done.second or (near[next(draw) % len(near)] if also[i] else None)
            text, label = done.text, (name, second, done.priority, sentiment[i])
        out.texts.append(text)
        out.languages.append(language)
        out.labels.append(label)
    return out


def _tweets(
    book: Book,
    speakers: list[Voice],
    thread: Threads,
    written: _Tickets,
    draw: Iterator[int],
) -> pd.DataFrame:
    brand, customer = written.brand, written.customer
    writer = Writer(book, draw)
    texts: list[str] = []
    for ticket, inbound, parent in zip(
        thread.ticket.tolist(), thread.inbound.tolist(), thread.parent.tolist(), strict=True
    ):
        if parent < 0:
            texts.append(written.texts[ticket])
            continue
        voice, language = speakers[brand[ticket]], written.languages[ticket]
        language = language if language in book.replies else next(iter(book.replies))
        said = writer.message(voice, language, "followups" if inbound else "replies")
        texts.append(f"@{voice.brand.handle if inbound else customer[ticket]} {said}")
    handles = np.array([voice.brand.handle for voice in speakers], dtype=object)
    authors = np.where(
        thread.inbound, customer[thread.ticket].astype(str).astype(object), handles[brand][thread.ticket]
    )
    ids = np.arange(1, len(texts) + 1).astype(str).astype(object)
    answers = thread.parent >= 0
    parents = np.full(len(texts), "", dtype=object)
    parents[answers] = ids[thread.parent[answers]]
    children = np.full(len(texts), "", dtype=object)
    main = answers.copy()
    main[thread.second_child] = False
    children[thread.parent[main]] = ids[main]
    children[thread.parent[thread.second_child]] += "," + ids[thread.second_child]
    columns = (
        ids,
        authors,
        np.where(thread.inbound, "True", "False"),
        _stamps(book, thread.seconds),
        texts,
        children,
        parents,
    )
    return pd.DataFrame({name: pd.Series(v, dtype="str") for name, v in zip(COLUMNS, columns, strict=True)})


def _stamps(book: Book, seconds: Ints) -> NDArray[np.object_]:
    last = int(seconds.max(initial=0)) // DAY
    days = [book.world.starts + timedelta(days=i) for i in range(last + 1)]
    # strftime would write a day's name in the user's language.
    week = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    year = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    before = np.array([f"{week[d.weekday()]} {year[d.month - 1]} {d.day:02d} " for d in days], dtype=object)
    after = np.array([f" +0000 {d.year}" for d in days], dtype=object)
    clock = np.array([f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(DAY)], dtype=object)
    stamps: NDArray[np.object_] = before[seconds // DAY] + clock[seconds % DAY] + after[seconds // DAY]
    return stamps


def _gold(book: Book, written: _Tickets, first: Ints, gold: int, rng: np.random.Generator) -> pd.DataFrame:
    """Labels as annotators give them: some wrong, the same for texts that share a key."""
    rates = book.world.rates
    known: dict[str, tuple[str, str | None, str, str, str, int]] = {}
    rows = []
    for i in np.sort(rng.choice(len(first), size=min(gold, len(first)), replace=False)).tolist():
        key = text_key(written.texts[i])
        u, v, w = rng.random(3)
        if key not in known:
            category, second, priority, sentiment = written.labels[i]
            if u < rates.wrong_category:
                near = book.categories[category].near
                category, second = near[int(u / rates.wrong_category * len(near))], category
            if v < rates.wrong_priority:
                priority = {"low": "medium", "high": "medium"}.get(
                    priority, PRIORITIES[0 if v < rates.wrong_priority * 0.7 else 2]
                )
            passes = 2 if w < rates.read_twice else 1
            known[key] = (category, second, priority, sentiment, written.languages[i], passes)
        rows.append((str(first[i] + 1), key, *known[key]))
    frame = pd.DataFrame(rows, columns=["tweet_id", *GOLD_COLUMNS])
    return frame.astype({name: "Int32" if name == "passes" else "str" for name in frame.columns})
