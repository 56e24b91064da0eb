"""Conversations rebuilt from reply ids, in arrays: millions of messages in well under a second."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ids = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MISSING = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Conversations:
    """Which message hangs on which; a row that is not `usable` (no id, or one seen before) hangs on nothing.

    `opener[row]` is the row whose message opened the conversation of `row`, or -1 where that is not in the
    file: an answer is missing on the way, or the messages answer one another in a circle.
    """

    opener: Ids
    usable: Flags
    counts: dict[str, int]


def ids(texts: pa.ChunkedArray) -> Ids:
    """Whole numbers as a source writes them, `3` or `3.0`; `MISSING` where there is none."""
    try:
        numbers = texts.cast(pa.int64())
    except pa.ArrowInvalid:
        plain = pc.replace_substring_regex(pc.utf8_trim_whitespace(texts), r"\.0+$", "")
        whole = pc.match_substring_regex(plain, r"^-?\d{1,18}$")
        numbers = pc.if_else(whole, plain, None).cast(pa.int64())
    values: Ids = pc.fill_null(numbers, MISSING).to_numpy()
    return values


def rebuild(message: Ids, parent: Ids, replies: Flags) -> Conversations:
    """Find every message's opener.

    `message` and `parent` are ids, `MISSING` where there is none; `replies` says which rows name a parent at
    all, even one that cannot be read. Of rows with the same id the first counts.
    """
    rows = len(message)
    order = np.argsort(message, kind="stable")
    ordered = message[order]
    usable = np.ones(rows, np.bool_)
    usable[order[1:][ordered[1:] == ordered[:-1]]] = False
    nameless = message == MISSING
    duplicates = int((~usable & ~nameless).sum())
    usable &= ~nameless

    asking = np.flatnonzero(replies & usable & (parent != MISSING))
    wanted = parent[asking]
    place = np.searchsorted(ordered, wanted)
    place[place == rows] = 0
    found = ordered[place] == wanted
    has_parent = np.zeros(rows, np.bool_)
    has_parent[asking[found]] = True

    # Every row jumps to where its parent has jumped to, so that n jumps reach over 2^n messages.
    opener = np.arange(rows)
    opener[asking[found]] = order[place[found]]
    moving = np.flatnonzero(has_parent)
    for _ in range(rows.bit_length() + 1):
        moving = moving[has_parent[opener[moving]]]
        if not moving.size:
            break
        opener[moving] = opener[opener[moving]]
    circling = moving[has_parent[opener[moving]]]
    orphans = usable & replies & ~has_parent
    broken = ~usable | orphans[opener]
    broken[circling] = True
    opener[broken] = -1
    counts = {
        "unreadable_ids": int(nameless.sum()),
        "duplicate_ids": duplicates,
        "missing_parents": int(orphans.sum()),
        "in_reply_cycles": int(circling.size),
        "in_no_conversation": int((broken & usable).sum()),
    }
    return Conversations(opener, usable, counts)
