"""Candidate beside champion as one page that opens offline."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ticket_triage.evaluation import comparison, plots
from ticket_triage.evaluation.comparison import Pair
from ticket_triage.evaluation.report import COMPARED, compared, render
from ticket_triage.schema import Task

_MOVES, _FLIPS = 12, 15  # kinds of changes that the page shows, and tickets of each direction


def page(
    promote: bool,
    reasons: Sequence[str],
    pairs: Sequence[Pair],
    *,
    candidate: str,
    champion: str | None,
    openings: int,
    guarded: Sequence[str] = (),
    times: Mapping[tuple[str, str], float] | None = None,
) -> str:
    """Candidate beside champion on each set of tickets, with the verdict and its reasons, as one HTML page.

    Args:
        pairs: what was compared, most important first: the gold test, the newest tickets.
        candidate, champion: what the page calls them: "version 8".
        guarded: figures that may not be significantly worse.
        times: milliseconds of each member of the candidate, by task and family.
    """
    return render(
        "promotion.html",
        title=f"Promotion of {candidate}",
        promote=promote,
        reasons=reasons,
        candidate=candidate,
        champion=champion,
        openings=openings,
        guarded=guarded,
        members=_members(pairs[0], times or {}),
        parts=[
            {
                "on": pair.candidate.on,
                "confidence": pair.confidence,
                "tasks": [_versus(task, pair, candidate, champion, guarded) for task in pair.candidate.tasks],
                "flips": _flips(pair),
            }
            for pair in pairs
        ],
    )


def _members(pair: Pair, times: Mapping[tuple[str, str], float]) -> list[dict[str, Any]]:
    found = []
    for task, part in pair.candidate.tasks.items():
        for row in part.members.sort_values("weight", ascending=False, kind="stable").to_dict("records"):
            milliseconds = times.get((task, str(row["family"])), math.nan)
            found.append(
                {
                    **{str(name): value for name, value in row.items()},
                    "task": task,
                    "milliseconds": milliseconds,
                }
            )
    return found


def _flips(pair: Pair) -> list[dict[str, Any]]:
    """By task, how many answers changed in which direction, and the first of them."""
    table = comparison.flips(pair)
    found = []
    for task, rows in table.groupby("task", sort=False):
        moves = rows.groupby(["champion", "candidate"]).agg(
            tickets=("key", "size"),
            mended=("direction", lambda column: int((column == "mended").sum())),
            broken=("direction", lambda column: int((column == "broken").sum())),
        )
        top = moves.reset_index().sort_values("tickets", ascending=False, kind="stable").head(_MOVES)
        named = {
            direction: list(part.to_dict("records"))[:_FLIPS]
            for direction, part in rows.groupby("direction", sort=True)
        }
        counts = rows["direction"].value_counts().to_dict()
        found.append({"task": task, "counts": counts, "moves": top.to_dict("records"), "named": named})
    return found


def notice(title: str, sentences: Sequence[str]) -> str:
    """A page of a few sentences, where there was nothing to compare."""
    return render("promotion.html", title=title, promote=False, reasons=sentences, openings=None, parts=[])


def _versus(
    task: Task, pair: Pair, candidate: str, champion: str | None, guarded: Sequence[str]
) -> dict[str, Any]:
    ours = pair.candidate.tasks[task]
    theirs = pair.champion.tasks.get(task) if pair.champion else None
    dots = [(candidate, *ours.figures["macro_f1"])]
    if theirs is not None:
        dots.append((champion or "the champion", *theirs.figures["macro_f1"]))
    f1 = ours.classes[["label", "support", "f1"]]
    beside = theirs.classes[["label", "f1"]] if theirs is not None else f1[["label"]].assign(f1=math.nan)
    rows = f1.merge(beside, on="label", how="left", suffixes=("", "_champion"))
    return {
        "name": task,
        "tickets": ours.tickets,
        "difference": pair.tasks.get(task),
        "gains": [
            (COMPARED.get(name, (name.replace("_", " "),))[0], gain)
            for name in guarded
            if name != "accuracy_second" or ours.answers["second"].notna().any()
            if task in pair.tasks
            for gain in [pair.tasks[task].gains.get(name)]
            if gain is not None
        ],
        "dots": plots.whiskers(dots),
        "classes": rows[rows["support"] > 0].to_dict("records"),
        "figures": [
            (label, kind, ours.figures[name], theirs.figures.get(name) if theirs is not None else None)
            for name, label, kind in compared(ours)
        ],
    }
