"""How good labelling functions and the label model are, measured on gold that may be looked at."""

import json
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from ticket_triage.files import atomic, write_json, write_text
from ticket_triage.intervals import wilson
from ticket_triage.labeling.functions import of_task
from ticket_triage.schema import TASKS

CONFIDENCE = 0.95


def analyse(votes: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """A row for every labelling function.

    Args:
        votes: as `functions.votes` gives them.
        gold: `gold_category` and `gold_priority`, with the index of `votes`; train and validation only.

    Returns:
        Indexed by the function's name: `task`; `votes`; as shares of all tickets `coverage` (it votes),
        `overlap` (another function of the task votes too) and `conflict` (another votes otherwise); on gold
        `n` votes, their `accuracy` and its Wilson interval `low`, `high` (NaN without any); `dead`: no votes.
    """
    rows = []
    for task in TASKS:
        own = of_task(votes, task)
        codes = (
            np.column_stack([own[name].cat.codes for name in own]) if len(own.columns) else np.empty((0, 0))
        )
        voted = codes >= 0
        others = voted.sum(axis=1, keepdims=True) - voted
        for at, name in enumerate(own):
            mine = codes[:, [at]]
            differs = (voted & (codes != mine)).any(axis=1) & voted[:, at]
            judged = own[name].notna() & gold[f"gold_{task}"].notna()
            hits = (own[name][judged].astype("str") == gold[f"gold_{task}"][judged]).sum()
            rows.append(
                {
                    "function": name,
                    "task": task,
                    "votes": int(voted[:, at].sum()),
                    "coverage": float(voted[:, at].mean()),
                    "overlap": float((voted[:, at] & (others[:, at] > 0)).mean()),
                    "conflict": float(differs.mean()),
                    **_share(int(hits), int(judged.sum())),
                    "dead": not voted[:, at].any(),
                }
            )
    columns = ["function", "task", "votes", "coverage", "overlap", "conflict", *_share(0, 0), "dead"]
    return pd.DataFrame(rows, columns=columns).set_index("function")


def agreement(weak: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """How often weak labels agree with gold, for all of a task (`label` "all") and for every label.

    Agreement is not the quality of anything that is served: it says what training on weak labels would learn.

    Returns:
        `task`, `label`, `gold` tickets of the label, `coverage` (the share of them with any weak label), and
        the share `accuracy` of the `n` weak labels of that label that agrees, with a Wilson interval.
    """
    rows = []
    for task in TASKS:
        known = gold[f"gold_{task}"].notna()
        actual, given = gold.loc[known, f"gold_{task}"], weak.loc[known, task]
        if actual.empty:
            continue
        for label in ("all", *sorted(set(actual) | set(given.dropna()))):
            of_label = given.notna() if label == "all" else given == label
            hits = int((actual[of_label] == given[of_label]).sum())
            among = actual.notna() if label == "all" else actual == label
            covered = float(given[among].notna().mean()) if among.any() else float("nan")
            row = {"task": task, "label": label, "gold": int(among.sum()), "coverage": covered}
            rows.append({**row, **_share(hits, int(of_label.sum()))})
    return pd.DataFrame(rows, columns=["task", "label", "gold", "coverage", *_share(0, 0)])


def counts(votes: pd.DataFrame, weak: pd.DataFrame, gold: pd.DataFrame) -> dict[str, int]:
    """What the report says first."""
    return {
        "tickets": len(votes),
        "of these gold": int((gold["gold_category"].notna() | gold["gold_priority"].notna()).sum()),
        "labelling functions": len(votes.columns),
        **{f"weak {task}": int(weak[task].notna().sum()) for task in TASKS},
        "never fired": int(sum(votes[name].isna().all() for name in votes)),
    }


def write(folder: Path, table: pd.DataFrame, agreed: pd.DataFrame, counts: dict[str, int]) -> None:
    """Make `folder` hold labels.json and labels.html, a page that opens offline, and nothing else.

    Args:
        folder: where to.
        table: of `analyse`.
        agreed: of `agreement`.
        counts: what else is worth saying, by what it counts.
    """
    found = {"counts": counts, "functions": _records(table.reset_index()), "agreement": _records(agreed)}
    text = (resources(__package__) / "labels.html").read_text("utf-8")
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(text)
    with atomic(folder) as draft:
        write_json(draft / "labels.json", found)
        write_text(draft / "labels.html", page.render(found, tasks=TASKS))


def _share(hits: int, trials: int) -> dict[str, float]:
    low, high = wilson(hits, trials, CONFIDENCE)
    return {"n": trials, "accuracy": hits / trials if trials else float("nan"), "low": low, "high": high}


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON has them: null where there is no figure."""
    found: list[dict[str, Any]] = json.loads(table.round(4).to_json(orient="records"))
    return found
