"""Which part of the work every ticket may be used for, with what belongs together kept together."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from ticket_triage.files import TriageError
from ticket_triage.labeling.duplicates import Neighbours
from ticket_triage.labeling.gold import is_gold
from ticket_triage.params import Split

WRITTEN = ("train", "validation", "unlabelled", "test", "newest")  # every part but "held_back"
HALVES = ("thresholds", "conformal")
HELD_OUT = ("validation", "test", "newest")  # nothing like these may be trained on
COLUMNS = ["text_key", "part", "half"]
PLACES = (
    ("train", None),
    ("test", None),
    *(("validation", half) for half in HALVES),
    ("newest", None),
    ("held_back", None),
)
TEST, NEWEST, OLDER = 1, 4, 5
COPY, OF_HELD_OUT = "copy of a gold text", "gold of a held-out group"  # why a ticket is held back


def split(tickets: pd.DataFrame, committed: pd.DataFrame | None, params: Split) -> pd.DataFrame:
    """For every ticket its `part`, the `half` of a validation ticket, the `reason` why one is held back.

    Gold texts in `committed` keep their part. The others are dealt out in groups of one text, one customer or
    near-duplicates, evenly over category, priority, dated or not, source and language: `params.newest` of a
    source's dated ones, the newest, to `newest`; then `test`, the two halves of `validation`, and `train`.
    The result depends on the tickets and the seed, not on the order of the rows.

    `held_back` tickets are for nothing: further copies of a gold text (which would count it twice), gold
    tickets in the group of a newest or of a committed held-out one that do not share its part, and unlabelled
    ones like a held-out ticket or of its customer.

    Args:
        tickets: ticket columns and `gold_*` columns.
        committed: `text_key`, `part`, `half`, or None.
        params: sizes, the threshold of near-duplicates, the seed.

    Returns:
        A frame with the index of `tickets`.
    """
    result = pd.DataFrame(
        {"part": "unlabelled", "half": None, "reason": None}, index=tickets.index, dtype="str"
    )
    ordered = tickets.sort_values(["created_at", "ticket_id"], na_position="last")
    gold = ordered[is_gold(ordered)]
    copies = gold["text_key"].duplicated()
    result.loc[gold.index[copies], ["part", "reason"]] = ["held_back", COPY]
    gold = gold[~copies]
    gold = gold.assign(group=_groups(gold, params.near_duplicate))
    fixed = _committed(gold, committed)
    result.loc[fixed.index, ["part", "half"]] = fixed
    rest = gold[~gold.index.isin(fixed.index)]
    bound = _bound(rest, gold.loc[fixed.index, "group"], fixed["part"])
    result.loc[bound.index, "part"] = bound
    dealt = _deal(rest[~rest.index.isin(bound.index)], params)
    result.loc[dealt.index, ["part", "half"]] = dealt
    result.loc[(result["part"] == "held_back") & result["reason"].isna(), "reason"] = OF_HELD_OUT
    held_out = tickets[result["part"].isin(HELD_OUT)]
    unlabelled = tickets[result["part"] == "unlabelled"]
    for reason, at in alike(unlabelled, held_out, params.near_duplicate).items():
        result.loc[at, ["part", "reason"]] = ["held_back", reason]
    return result


def _groups(gold: pd.DataFrame, threshold: float) -> "pd.Series[str]":
    """The smallest text key of everything that a ticket is linked with, directly or through others."""
    keys = gold["text_key"].tolist()
    parent = {key: key for key in keys}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    def link(one: str, other: str) -> None:
        low, high = sorted((root(one), root(other)))
        parent[high] = low

    for _, alike in gold.dropna(subset=["customer"]).groupby(["source", "customer"])["text_key"]:
        for key in alike.iloc[1:]:
            link(alike.iloc[0], key)
    for one, other in Neighbours(gold["text"].tolist(), threshold).pairs():
        link(keys[one], keys[other])
    return pd.Series([root(key) for key in keys], index=gold.index, dtype="str")


def _committed(gold: pd.DataFrame, committed: pd.DataFrame | None) -> pd.DataFrame:
    if committed is None:
        committed = pd.DataFrame(columns=COLUMNS, dtype="str")
    known = gold[gold["text_key"].isin(committed["text_key"])]
    parts = committed.set_index("text_key")[["part", "half"]]
    return parts.reindex(known["text_key"]).set_axis(known.index)


def _bound(rest: pd.DataFrame, groups: "pd.Series[str]", parts: "pd.Series[str]") -> "pd.Series[str]":
    """Tickets in a group that has committed members: to train if those are all there, else nowhere."""
    elsewhere = set(groups[parts != "train"])
    bound = rest[rest["group"].isin(set(groups))]
    return bound["group"].map(lambda group: "held_back" if group in elsewhere else "train").astype("str")


def _deal(gold: pd.DataFrame, params: Split) -> pd.DataFrame:
    """Part and half of gold tickets that nothing binds."""
    newest = _newest(gold, params.newest)
    groups = gold["group"].isin(gold.loc[newest, "group"])
    place = pd.Series(np.select([newest, groups], [NEWEST, OLDER], -1), index=gold.index, dtype="int64")
    rest = gold[place < 0]
    test, half = min(params.test, len(gold) // 4), params.validation * len(gold) / 2
    shares = np.array([0.0, test, half, half]) / max(1, len(rest))
    shares[0] = 1 - shares.sum()
    place.update(_shared_out(rest, shares, params.seed))
    if test and not (place == TEST).any():
        raise TriageError(
            f"no test can be had: the {len(gold)} gold tickets are {gold['group'].nunique()} groups of one "
            "customer or near-duplicates; leave the column `customer` unmapped if it names no person"
        )
    parts = pd.DataFrame(PLACES, columns=["part", "half"], dtype="str")
    return parts.iloc[place.to_numpy()].set_axis(gold.index)


def _shared_out(gold: pd.DataFrame, shares: "np.ndarray[Any, Any]", seed: int) -> "pd.Series[int]":
    """Deal whole groups, each to the place that its strata, and all together, owe most: an index of `shares`.

    Groups of several come first, so that single tickets, in order of stratum and language, even things out.
    """
    by = ["gold_category", "gold_priority", "undated", "source"]
    table = gold.assign(
        stratum=gold.assign(undated=gold["created_at"].isna()).groupby(by, dropna=False).ngroup(),
        single=~gold["group"].duplicated(keep=False),
        draw=gold["text_key"].map(lambda key: hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()),
    ).sort_values(["single", "stratum", "gold_language", "draw"])
    dealt = np.zeros((table["stratum"].nunique(), len(shares)))
    chosen = {}
    for group, strata in table.groupby("group", sort=False)["stratum"].agg(list).items():
        owed = shares * (dealt[strata].sum(axis=1, keepdims=True) + 1) - dealt[strata]
        place = int(np.argmax(owed.sum(axis=0) + shares * (dealt.sum() + len(strata)) - dealt.sum(axis=0)))
        np.add.at(dealt, (strata, place), 1)
        chosen[group] = place
    return gold["group"].map(chosen).astype("int64")


def _newest(gold: pd.DataFrame, share: float) -> "pd.Series[bool]":
    """Which tickets are of the newest `share` of the dated ones of their source."""
    dates = gold["created_at"].groupby(gold["source"])
    dated = dates.transform("count")
    return dates.rank(method="max", ascending=False) <= (share * dated).round()


def alike(tickets: pd.DataFrame, held_out: pd.DataFrame, threshold: float) -> dict[str, "pd.Index[int]"]:
    """Tickets that would tell a model about a held-out one, by the reason why."""
    if held_out.empty or tickets.empty:
        return {}
    customers = pd.MultiIndex.from_frame(held_out[["source", "customer"]].dropna())
    same = pd.MultiIndex.from_frame(tickets[["source", "customer"]]).isin(customers)
    near = Neighbours(held_out["text"].tolist(), threshold)
    index = tickets.index
    return {
        "customer of a held-out ticket": index[same],
        "like a held-out ticket": index[[bool(found) for found in near.of(tickets["text"])]],
    }


def report(tickets: pd.DataFrame, parts: pd.DataFrame) -> dict[str, object]:
    """Counts that show whether the parts are alike, and what was held back and why."""
    table = tickets.assign(part=parts["part"], half=parts["half"])
    gold = table[is_gold(table) & (table["part"] != "held_back")]
    return {
        "tickets": len(table),
        "gold": len(gold),
        "parts": _counts(table["part"]),
        "halves": _counts(table["half"]),
        "held_back": _counts(parts["reason"]),
        "sources": {name: _counts(rows["part"]) for name, rows in table.groupby("source")},
        "undated": {
            name: round(float(rows["created_at"].isna().mean()), 4) for name, rows in gold.groupby("part")
        },
        **{
            column: {name: _counts(rows[f"gold_{column}"]) for name, rows in gold.groupby("part")}
            for column in ("category", "priority", "language")
        },
        "dates": {name: _span(rows["created_at"].dropna()) for name, rows in gold.groupby("part")},
    }


def _counts(values: "pd.Series[str]") -> dict[str, int]:
    return {str(value): int(count) for value, count in values.value_counts().sort_index().items()}


def _span(dates: "pd.Series[pd.Timestamp]") -> list[str]:
    return [dates.min().isoformat(), dates.max().isoformat()] if len(dates) else []
