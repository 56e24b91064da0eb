"""The parts of gold that people add later: what has its part keeps it, whatever is added."""

import hashlib

import pandas as pd

from ticket_triage.labeling import annotations
from ticket_triage.labeling.duplicates import Neighbours
from ticket_triage.labeling.gold import is_gold
from ticket_triage.labeling.split import COPY, HALVES, HELD_OUT, OF_HELD_OUT, alike, split
from ticket_triage.params import Split


def divide(
    tickets: pd.DataFrame, committed: pd.DataFrame | None, notes: pd.DataFrame, params: Split
) -> pd.DataFrame:
    """As `split`, and then the unlabelled tickets that people annotated, one after another in the order of time.

    One that is in the split in Git has its part from there. One like a ticket that has a part, or of its customer,
    goes to train if that is there, else nowhere. Of the others those that were drawn at random are dealt out by the
    hash of their text, in the shares of the rest; those that were chosen, because a model was unsure of them, are
    for training: a test with them would be harder than the inbox is.

    Args:
        tickets: ticket columns and the `gold_*` columns that files and sources give, so that an annotation that
            corrects one of these moves nothing.
        committed: `text_key`, `part`, `half`, or None.
        notes: as `annotations.read` gives them.
        params: sizes, the threshold of near-duplicates, the seed.
    """
    parts = split(tickets, committed, params)
    how = annotations.first(notes)
    free = tickets[(parts["part"] == "unlabelled") & tickets["text_key"].isin(how.index)]
    if free.empty:
        return parts
    turn = free["text_key"].map({key: number for number, key in enumerate(how.index)})
    free = free.assign(turn=turn).sort_values(["turn", "created_at", "ticket_id"], na_position="last")
    copies = free["text_key"].duplicated()
    parts.loc[free.index[copies], ["part", "reason"]] = ["held_back", COPY]
    free = free[~copies]
    placed = tickets[parts["part"].isin(["train", *HELD_OUT])]
    bonds = _bonds(free, placed, parts["part"], params.near_duplicate)
    known = {} if committed is None else committed.set_index("text_key")[["part", "half"]].T.to_dict("list")
    gold = int(is_gold(tickets).sum())
    test = min(params.test, gold // 4) / gold if gold else 0.25
    chosen: dict[int, str] = {}
    for number, (index, key) in enumerate(free["text_key"].items()):
        bound = bonds[number].parts | {chosen[other] for other in bonds[number].earlier}
        part, half = known.get(key) or (
            (("train" if bound == {"train"} else "held_back"), None)
            if bound
            else _dealt(key, test, params)
            if how[key] == annotations.RANDOM
            else ("train", None)
        )
        chosen[number] = part
        parts.loc[index, ["part", "half"]] = [part, half]
        if part == "held_back":
            parts.loc[index, "reason"] = OF_HELD_OUT
    unlabelled = tickets[parts["part"] == "unlabelled"]
    held_out = free[parts.loc[free.index, "part"].isin(HELD_OUT)]
    for reason, at in alike(unlabelled, held_out, params.near_duplicate).items():
        parts.loc[at, ["part", "reason"]] = ["held_back", reason]
    return parts


class _Bond:
    """What a ticket is like, or of one customer with: parts of placed tickets, numbers of earlier added ones."""

    def __init__(self) -> None:
        self.parts: set[str] = set()
        self.earlier: set[int] = set()


def _bonds(
    free: pd.DataFrame, placed: pd.DataFrame, parts: "pd.Series[str]", threshold: float
) -> list[_Bond]:
    found = [_Bond() for _ in range(len(free))]
    of_placed = parts.loc[placed.index].tolist()
    near = Neighbours(placed["text"].tolist(), threshold).of(free["text"])
    for bond, others in zip(found, near, strict=True):
        bond.parts |= {of_placed[other] for other in others}
    for one, other in Neighbours(free["text"].tolist(), threshold).pairs():
        found[other].earlier.add(one)
    customers: dict[tuple[str, str], set[str]] = {}
    for who, part in zip(_customers(placed), of_placed, strict=True):
        if who:
            customers.setdefault(who, set()).add(part)
    seen: dict[tuple[str, str], int] = {}
    for number, who in enumerate(_customers(free)):
        if who:
            found[number].parts |= customers.get(who, set())
            if who in seen:
                found[number].earlier.add(seen[who])
            seen[who] = number
    return found


def _customers(tickets: pd.DataFrame) -> list[tuple[str, str] | None]:
    pairs = zip(tickets["source"], tickets["customer"], tickets["customer"].notna(), strict=True)
    return [(source, customer) if known else None for source, customer, known in pairs]


def _dealt(key: str, test: float, params: Split) -> tuple[str, str | None]:
    """The part of a text that nothing binds: its hash, as a number between 0 and 1, falls into one of the shares."""
    drawn = int(hashlib.sha256(f"{params.seed}:added:{key}".encode()).hexdigest()[:8], 16) / 16**8
    if drawn < test:
        return "test", None
    if drawn < test + params.validation:
        return "validation", HALVES[drawn < test + params.validation / 2]
    return "train", None
