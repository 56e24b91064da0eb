"""How good labelling functions and the label model are, measured on gold that may be looked at."""

import json
from collections.abc import Mapping
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from ticket_triage.files import atomic, write_json, write_text
from ticket_triage.intervals import wilson
from ticket_triage.labeling.functions import of_task
from ticket_triage.labeling.weak import Labelled
from ticket_triage.schema import TASKS

CONFIDENCE = 0.95


def analyse(votes: pd.DataFrame, gold: pd.DataFrame, read: "pd.Series[bool] | None" = None) -> pd.DataFrame:
    """A row for every labelling function.

    Args:
        votes: as `weak.label` gives them.
        gold: `gold_category` and `gold_priority`, with the index of `votes`; train and validation only.
        read: which tickets the functions by similarity were asked of; None: of all.

    Returns:
        Indexed by the function's name: `task`; `asked` tickets and `votes`; as shares of those asked `coverage` (it
        votes), `overlap` (another function of the task votes too) and `conflict` (another votes otherwise); on gold
        `n` votes, their `accuracy` and its Wilson interval `low`, `high` (NaN without any); `others`: the accuracy on
        the same tickets of the majority of all other functions of the task; `chance`: how often its labels are gold
        anyway; `dead`: no votes; `harmful`: where it and those
        others differ and one of them is right, it surely is so in less than half of the cases (a sign test by the upper
        Wilson bound), or it is surely less often right than by chance.
    """
    rows = []
    for task in TASKS:
        own = of_task(votes, task)
        if own.empty or not len(own.columns):
            continue
        labels = list(own.iloc[:, 0].cat.categories)
        codes = np.column_stack([own[name].cat.codes for name in own]).astype(np.int64)
        truth = pd.Categorical(gold[f"gold_{task}"], categories=labels).codes
        shares = np.bincount(truth[truth >= 0], minlength=len(labels)) / max(1, int((truth >= 0).sum()))
        voted = codes >= 0
        total = np.stack([(codes == label).sum(axis=1) for label in range(len(labels))], axis=1)
        for at, name in enumerate(map(str, own)):
            mine = codes[:, at]
            asked = np.ones(len(own), bool) if read is None or ".similar" not in name else read.to_numpy()
            among = max(1, int(asked.sum()))
            rest = total.copy()
            rest[voted[:, at], mine[voted[:, at]]] -= 1
            joined = voted[:, at] & (rest.sum(axis=1) > 0)
            differs = (voted & (codes != mine[:, None])).any(axis=1) & voted[:, at]
            judged = voted[:, at] & gold[f"gold_{task}"].notna().to_numpy()
            both = judged & joined
            # Ties as `label_model.label` settles them: the taxonomy's order, the higher priority.
            said = rest.argmax(axis=1) if task == "category" else _last(rest)
            share = _share(int((mine == truth)[judged].sum()), int(judged.sum()))
            others = float((said == truth)[both].mean()) if both.any() else float("nan")
            better = int((mine == truth)[both & (said != truth)].sum())
            worse = int((said == truth)[both & (mine != truth)].sum())
            beaten = wilson(better, better + worse, CONFIDENCE)[1] < 0.5
            chance = float(shares[mine[judged]].mean()) if judged.any() else float("nan")
            rows.append(
                {
                    "function": name,
                    "task": task,
                    "asked": int(asked.sum()),
                    "votes": int(voted[:, at].sum()),
                    "coverage": float(voted[:, at].sum() / among),
                    "overlap": float(joined.sum() / among),
                    "conflict": float(differs.sum() / among),
                    **share,
                    "others": others,
                    "chance": chance,
                    "dead": not voted[:, at].any(),
                    "harmful": bool(beaten or share["high"] < chance),
                }
            )
    columns = ["function", "task", "asked", "votes", "coverage", "overlap", "conflict", *_share(0, 0)]
    columns += ["others", "chance", "dead", "harmful"]
    return pd.DataFrame(rows, columns=columns).set_index("function")


def compare(models: Mapping[str, pd.DataFrame], gold: pd.DataFrame, chosen: str) -> pd.DataFrame:
    """Label models side by side on gold that none of them learnt from.

    Args:
        models: weak labels by each model.
        gold: gold columns of validation, of whose index all are.

    Returns:
        `task`, `model`, whether it is the `chosen` one, `coverage`, and on the `n` tickets that it labels `accuracy`
        with a Wilson interval.
    """
    rows = []
    for task in TASKS:
        actual = gold[f"gold_{task}"].dropna()
        for name, weak in models.items():
            if actual.empty:
                continue
            given = weak.loc[actual.index, task]
            hits, labelled = int((given == actual).fillna(False).sum()), int(given.notna().sum())
            row = {"task": task, "model": name, "chosen": name == chosen, "coverage": labelled / len(actual)}
            rows.append({**row, **_share(hits, labelled)})
    return pd.DataFrame(rows, columns=["task", "model", "chosen", "coverage", *_share(0, 0)])


def report(made: Labelled, tickets: pd.DataFrame, chosen: str) -> dict[str, Any]:
    """All that `write` tells of some tickets: how good each function is and what the label models make of them.

    Args:
        tickets: of `weak.gather`.
        chosen: the label model whose labels are used.
    """
    held_out = tickets["part"] == "validation"
    found = analyse(made.votes, tickets, made.read)
    return {
        "counts": counts(made.votes, made.weak, tickets) | {"harmful": int(found["harmful"].sum())},
        "functions": _records(found.reset_index()),
        "models": _records(compare(made.models, tickets[held_out], chosen)),
        "agreement": _records(agreement(made.weak[held_out], tickets[held_out])),
    }


def sentences(found: Mapping[str, Any]) -> list[str]:
    """A `report` in a line for each label model and task."""
    return [
        f"{row['task']}: {row['model']} labels none of validation's gold"
        if row["accuracy"] is None
        else f"{row['task']}: {row['model']} agrees with gold of validation in {row['accuracy']:.1%}"
        for row in found["models"]
    ]


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


def write(folder: Path, found: Mapping[str, Any], flips: Mapping[str, Any] | None = None) -> None:
    """Make `folder` hold labels.json and labels.html, a page that opens offline, and nothing else.

    Args:
        folder: where to.
        found: of `report`.
        flips: of `flips.tell`, where these labels are compared with those of the last run.
    """
    whole = {**found, "flips": flips}
    text = (resources(__package__) / "labels.html").read_text("utf-8")
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(text)
    with atomic(folder) as draft:
        write_json(draft / "labels.json", whole)
        write_text(draft / "labels.html", page.render(whole, tasks=TASKS))


def _last(counts: "np.ndarray[Any, np.dtype[np.int64]]") -> "np.ndarray[Any, np.dtype[np.int64]]":
    """The last of the columns that are largest."""
    return np.asarray(counts.shape[1] - 1 - counts[:, ::-1].argmax(axis=1))


def _share(hits: int, trials: int) -> dict[str, float]:
    low, high = wilson(hits, trials, CONFIDENCE)
    return {"n": trials, "accuracy": hits / trials if trials else float("nan"), "low": low, "high": high}


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON has them: null where there is no figure."""
    found: list[dict[str, Any]] = json.loads(table.round(4).to_json(orient="records"))
    return found
