"""Tweets in the seven columns of "Customer Support on Twitter" as tickets, with what came after each."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ticket_triage.files import TriageError
from ticket_triage.schema import TWCS_COLUMNS as COLUMNS
from ticket_triage.sources import conversations, dates, landing
from ticket_triage.sources.conversations import Flags, Ids
from ticket_triage.sources.dates import Times
from ticket_triage.sources.history import earlier_tickets
from ticket_triage.sources.keys import text_keys
from ticket_triage.sources.landing import Landed

_YES, _NO = ("True", "true", "TRUE", "1"), ("False", "false", "FALSE", "0")


def check_columns(path: Path, names: Iterable[str]) -> None:
    """Refuse a file that is not twcs.csv.

    Raises:
        TriageError: it lacks one of the seven columns; all that are lacking are named.
    """
    lacking = [name for name in COLUMNS if name not in names]
    if len(lacking) == len(COLUMNS):
        raise TriageError(f"{path} has no header: its first line must name the columns {', '.join(COLUMNS)}")
    if lacking:
        raise TriageError(f"{path} has no column {', '.join(lacking)}; it needs {', '.join(COLUMNS)}")


def land(name: str, rows: pa.Table) -> Landed:
    """Tickets are the first messages of conversations that a customer opened; the rest is hindsight.

    A message whose text, id or way up to its conversation's first message is missing is in no ticket, and is
    counted. A date that cannot be read is missing, and is counted.

    Raises:
        TriageError: there is not one ticket.
    """
    inbound = _in(rows["inbound"], _YES)
    replies = rows["in_response_to_tweet_id"].is_valid().to_numpy()
    written = rows["text"].is_valid().to_numpy()
    at = np.flatnonzero(inbound & ~replies & written)
    texts = _pick(rows["text"], at)
    with ThreadPoolExecutor(1) as pool:
        keys = pool.submit(
            text_keys, texts
        )  # the longest piece of work, so it begins before all else is known
        ids, parents = (conversations.ids(rows[column]) for column in ("tweet_id", "in_response_to_tweet_id"))
        talk = conversations.rebuild(ids, parents, replies)
        usable = talk.usable[at]
        at = at[usable]
        if not at.size:
            raise TriageError(f"source {name!r} holds no ticket: no inbound tweet with a text is not a reply")
        times = dates.parse(rows["created_at"])
        customers = _pick(rows["author_id"], at)
        columns = {
            "ticket_id": landing.joined(f"{name}:", pa.array(ids[at])),
            "source": pa.repeat(name, at.size),
            "text": texts if usable.all() else texts.filter(pa.array(usable)),
            "created_at": pa.array(times[at]),
            "channel": pa.repeat("twitter", at.size),
            "customer": customers,
            "earlier_tickets": earlier_tickets(customers, times[at]),
        }
        hindsight = _hindsight(rows, at, talk.opener, inbound, times) | {"ticket_id": columns["ticket_id"]}
        columns["text_key"] = keys.result() if usable.all() else keys.result().filter(pa.array(usable))
    opens = inbound & ~replies & talk.usable
    counts = talk.counts | {
        "unparsable_dates": int((np.isnat(times) & rows["created_at"].is_valid().to_numpy()).sum()),
        "unreadable_inbound": int((~inbound & ~_in(rows["inbound"], _NO)).sum()),
        "openers_without_text": int((opens & ~written).sum()),
        "opened_by_agents": int((~inbound & ~replies & talk.usable).sum()),
    }
    return Landed(
        landing.table(columns, landing.TICKETS, at.size),
        landing.table(hindsight, landing.HINDSIGHT, at.size),
        landing.GOLD.empty_table(),
        counts,
    )


def _in(column: pa.ChunkedArray, values: tuple[str, ...]) -> Flags:
    flags: Flags = pc.is_in(column, pa.array(values, column.type)).to_numpy()
    return flags


def _hindsight(
    rows: pa.Table, at: Ids, opener: Ids, inbound: Flags, times: Times
) -> dict[str, pa.Array | pa.ChunkedArray]:
    """What a conversation held besides its ticket; `at` are the tickets' rows."""
    ticket_of_row = np.full(len(opener) + 1, -1, np.int64)  # the last place is for those without opener
    ticket_of_row[at] = np.arange(at.size)
    ticket = ticket_of_row[opener]
    later = np.flatnonzero(ticket >= 0)
    turns = np.bincount(ticket[later], minlength=at.size)
    later = later[opener[later] != later]
    agents, customers = later[~inbound[later]], later[inbound[later]]
    author = rows["author_id"].combine_chunks()
    same = pc.equal(author.take(pa.array(customers)), author.take(pa.array(opener[customers])))
    customers = customers[pc.fill_null(same, False).to_numpy(zero_copy_only=False)]

    reply = _extreme(ticket, times, agents, at.size, last=False)
    last = _extreme(ticket, times, customers, at.size, last=True)
    answered = reply >= 0
    minutes = (times[reply] - times[at]) / np.timedelta64(1, "m")
    return {
        "brand": _pick(rows["author_id"], reply),
        "first_reply": _pick(rows["text"], reply),
        "minutes_to_reply": pa.array(minutes, mask=~answered | ~(minutes >= 0)),  # an answer is never earlier
        "turns": pa.array(turns, pa.int32()),
        "last_customer_message": _pick(rows["text"], last),
    }


def _pick(column: pa.ChunkedArray, which: Ids) -> pa.Array:
    """The values in those rows, missing for -1; `take` alone would first copy the whole column."""
    wanted = np.zeros(len(column), np.bool_)
    wanted[which[which >= 0]] = True
    place = np.cumsum(wanted) - 1
    values = column.filter(pa.array(wanted)).combine_chunks()
    if which.size == len(values) and (which[1:] > which[:-1]).all():
        return values
    return values.take(pa.array(place[which], mask=which < 0))


def _extreme(ticket: Ids, times: Times, among: Ids, tickets: int, *, last: bool) -> npt.NDArray[np.int64]:
    """Per ticket the first or last row of those `among`, by second and then by row; -1 where there is none.

    A row without a time comes after the others for the first, before them for the last.
    """
    rows = len(times)
    seconds = times[among].astype("datetime64[s]").astype(np.int64)
    dated = ~np.isnat(times[among])
    start = seconds[dated].min(initial=0)
    end = seconds[dated].max(initial=0) - start + 1
    moment = np.where(dated, seconds - start + 1, 0 if last else end + 1)
    best = np.full(tickets, -1 if last else np.iinfo(np.int64).max)
    choose = np.maximum if last else np.minimum
    choose.at(best, ticket[among], moment * rows + among)
    none = best == (-1 if last else np.iinfo(np.int64).max)
    return np.where(none, -1, best % rows)
