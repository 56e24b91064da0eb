"""Which tickets get another weak label once a rule is edited, told before anything is trained."""

from typing import Any

import numpy as np
import pandas as pd

from ticket_triage import text
from ticket_triage.labeling.weak import Labelled
from ticket_triage.schema import TASKS, Task

SHOWN = 120  # characters of a ticket, personal data masked
RIGHT, WRONG = "made right", "made wrong"
BELIEF = "none of its own: rules are believed otherwise"
COLUMNS = ["task", "ticket_id", "text_key", "text", "before", "after", "gold", "effect", "rules"]


def compare(tickets: pd.DataFrame, votes: pd.DataFrame, weak: pd.DataFrame, now: Labelled) -> pd.DataFrame:
    """A row for every ticket and task whose weak label is another than it was.

    Args:
        tickets: of `weak.gather`, without the tickets that nobody may look at.
        votes, weak: of the last run, with `ticket_id`.
        now: what is made of `tickets` today.

    Returns:
        COLUMNS, made wrong first; `before` and `after` are missing where there is no label, `gold` where none is known,
        `effect` where neither label is gold. `rules`: functions that vote otherwise, `+` where they began to, `-` where
        they ceased to, `~` where they name another label.
    """
    old_votes = votes.set_index("ticket_id").reindex(tickets["ticket_id"]).set_axis(tickets.index)
    old = weak.set_index("ticket_id").reindex(tickets["ticket_id"]).set_axis(tickets.index)
    compared = tickets["ticket_id"].isin(weak["ticket_id"])
    rows = []
    for task in TASKS:
        before, after, gold = old[task], now.weak[task], tickets[f"gold_{task}"]
        other = (before.fillna("") != after.fillna("")) & compared
        changed = _changed(task, old_votes[other], now.votes[other])
        for at in tickets.index[other]:
            effect = RIGHT if after[at] == gold[at] else WRONG if before[at] == gold[at] else None
            rows.append(
                {
                    "task": task,
                    "ticket_id": tickets["ticket_id"][at],
                    "text_key": tickets["text_key"][at],
                    "text": " ".join(text.mask(tickets["text"][at]).split())[:SHOWN],
                    "before": before[at],
                    "after": after[at],
                    "gold": gold[at],
                    "effect": effect if isinstance(gold[at], str) else None,
                    "rules": ", ".join(changed.get(at, ())) or BELIEF,
                }
            )
    found = pd.DataFrame(rows, columns=COLUMNS)
    order = found["effect"].map({WRONG: 0, RIGHT: 1}).fillna(2)
    return (
        found.assign(order=order).sort_values(["order", "task", "ticket_id"])[COLUMNS].reset_index(drop=True)
    )


def _changed(task: Task, before: pd.DataFrame, after: pd.DataFrame) -> dict[Any, list[str]]:
    """The functions of a task whose vote on each ticket is another."""
    found: dict[Any, list[str]] = {}
    names = [name for name in dict.fromkeys((*before, *after)) if str(name).startswith(f"{task}.")]
    for name in names:
        old, new = (
            (table[name].astype("object") if name in table else pd.Series(index=table.index, dtype="object"))
            for table in (before, after)
        )
        spoke, speaks = old.notna().to_numpy(), new.notna().to_numpy()
        differs = (spoke != speaks) | (spoke & speaks & (old != new).to_numpy())
        for place in np.flatnonzero(differs).tolist():
            sign = "~" if spoke[place] and speaks[place] else "+" if speaks[place] else "-"
            found.setdefault(after.index[place], []).append(f"{sign}{name}")
    return found


def tell(flips: pd.DataFrame) -> dict[str, Any]:
    """Counts by task, and all rows, as a page or a file has them."""
    rows = flips.astype("object").where(flips.notna(), None).to_dict("records")
    counts = []
    for task in TASKS:
        own = flips[flips["task"] == task]
        of_gold = own["gold"].notna()
        counts.append(
            {
                "task": task,
                "tickets": len(own),
                "gold": int(of_gold.sum()),
                "right": int((own["effect"] == RIGHT).sum()),
                "wrong": int((own["effect"] == WRONG).sum()),
            }
        )
    return {"counts": counts, "rows": rows}


def lines(flips: pd.DataFrame, most: int) -> list[str]:
    """What a terminal shows: counts by task, and the first rows as a table."""
    told = []
    for one in tell(flips)["counts"]:
        told.append(f"{one['task']}: {one['tickets']} tickets flip")
        if one["gold"]:
            told[-1] += f"; of {one['gold']} with gold {one['right']} made right, {one['wrong']} made wrong"
    shown = flips.head(most)
    if len(shown):
        columns = ["task", "ticket_id", "before", "after", "gold", "effect", "rules"]
        table = shown[columns].fillna("-").assign(text=shown["text"].str.slice(0, 60))
        told += ["", table.to_string(index=False, justify="left")]
    if len(flips) > most:
        told += ["", f"and {len(flips) - most} more"]
    return told
