"""Which tickets a person reads next, and what is told of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ticket_triage import features, text
from ticket_triage.files import TriageError
from ticket_triage.labeling import annotations
from ticket_triage.params import Annotate
from ticket_triage.schema import GOLD_PREFIX, TASKS, Task

if TYPE_CHECKING:
    from ticket_triage.models.triage_model import TriageModel

LISTED = ("task", "text_key", "gold", "second", "says", "confidence")  # columns of a review list


@dataclass(frozen=True)
class Item:
    """A ticket to read; `told` is said of it beside its text, which has no personal data left."""

    text_key: str
    text: str
    language: str  # a guess
    how: str
    told: tuple[str, ...] = ()


def fresh(
    unlabelled: pd.DataFrame, notes: pd.DataFrame, model: "TriageModel | None", settings: Annotate
) -> pd.DataFrame:
    """Tickets that nobody labelled: those that the model is most unsure of, with a share drawn at random.

    The model looks at `settings.candidates` of them. Without a model all are drawn at random.

    Returns:
        `text_key`, `text`, `how`, in the order to read them; at most `settings.tickets`.
    """
    left = unlabelled[~unlabelled["text_key"].isin(annotations.standing(notes)["text_key"])]
    left = left.drop_duplicates("text_key").sort_values("text_key", ignore_index=True)
    generator = np.random.default_rng(settings.seed)
    drawn = left.iloc[generator.permutation(len(left))[: settings.candidates]].reset_index(drop=True)
    if model is None or drawn.empty:
        return drawn.assign(how=annotations.RANDOM).head(settings.tickets)[["text_key", "text", "how"]]
    ranked = drawn.iloc[np.argsort(-unsure(model.predict_proba(drawn)), kind="stable")]
    by_chance = generator.random(len(drawn)) < settings.random_share
    # Both lists go through all tickets, so each is met in the one that comes to it first.
    turns = {annotations.RANDOM: iter(drawn.index), annotations.UNSURE: iter(ranked.index)}
    order: dict[int, str] = {}
    for chance in by_chance:
        how = annotations.RANDOM if chance else annotations.UNSURE
        found = next((at for at in turns[how] if at not in order), None)
        if found is not None:
            order[int(found)] = how
    chosen = drawn.loc[list(order)].assign(how=list(order.values()))
    return chosen.head(settings.tickets)[["text_key", "text", "how"]]


def unsure(probabilities: Mapping[Task, pd.DataFrame]) -> np.ndarray:
    """How little a model knows of each ticket, 0 to 1: the mean over tasks of the entropy, as a share of the largest.

    Source: Settles, Active Learning Literature Survey, 2009, section 3.1.
    """
    shares = [np.clip(found.to_numpy(dtype=np.float64), 1e-12, 1) for found in probabilities.values()]
    entropies = [-(one * np.log(one)).sum(axis=1) / np.log(one.shape[1]) for one in shares]
    return np.asarray(np.mean(entropies, axis=0))


def again(tickets: pd.DataFrame, notes: pd.DataFrame, annotator: str, settings: Annotate) -> pd.DataFrame:
    """Labelled tickets that `annotator` has not read, in random order, to be read without sight of their labels."""
    read = annotations.standing(notes)
    mine = set(read["text_key"][read["annotator"] == annotator])
    labelled = tickets[
        tickets[[f"{GOLD_PREFIX}{task}" for task in TASKS]].notna().any(axis=1)
        | tickets["text_key"].isin(read["text_key"])
    ]
    left = labelled[~labelled["text_key"].isin(mine)].drop_duplicates("text_key").sort_values("text_key")
    order = np.random.default_rng(settings.seed).permutation(len(left))[: settings.tickets]
    return left.iloc[order].assign(how=annotations.AGAIN)[["text_key", "text", "how"]]


def read_list(path: Path) -> pd.DataFrame:
    """The review list of a label audit.

    Raises:
        TriageError: it is missing or is no such list.
    """
    try:
        table = pd.read_csv(path, dtype={"text_key": "str"})
    except (OSError, ValueError) as error:
        raise TriageError(f"cannot read the review list {path}: {error}") from error
    if missing := [name for name in LISTED if name not in table]:
        raise TriageError(
            f"the review list {path} lacks the column {missing[0]}: make it with `dvc repro audit`"
        )
    return table


def audited(tickets: pd.DataFrame, listed: pd.DataFrame, notes: pd.DataFrame) -> pd.DataFrame:
    """Tickets of a review list in its order, less those read again since; `told` says what contradicts what."""
    read = annotations.standing(notes)
    done = set(read["text_key"][read["how"].isin([annotations.AUDIT, annotations.ADJUDICATED])])
    told: dict[str, list[str]] = {}
    for row in listed.to_dict("records"):
        told.setdefault(row["text_key"], []).append(
            f"{row['task']}: gold says {_both(row['gold'], row['second'])}, "
            f"the model {row['says']} ({row['confidence']:.0%})"
        )
    return _with(tickets, {key: said for key, said in told.items() if key not in done}, annotations.AUDIT)


def disputed(tickets: pd.DataFrame, notes: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Tickets whose readings differ in category or priority and that nobody adjudicated; `told` has all readings.

    Args:
        before: the gold labels that annotations did not give, a row for each text key.
    """
    read = annotations.standing(notes)
    decided = set(read["text_key"][read["how"] == annotations.ADJUDICATED])
    keys = set(read["text_key"]) - decided
    first = before[before["text_key"].isin(keys)].assign(annotator="gold")
    every = pd.concat([first, read[read["text_key"].isin(keys)]])
    told = {}
    for key, rows in every.groupby("text_key"):
        if any(len(set(rows[task].dropna())) > 1 for task in TASKS):
            told[str(key)] = [
                f"{row['annotator']}: {_both(row['category'], row['second_category'])}, {row['priority']}"
                for row in rows.to_dict("records")
            ]
    return _with(tickets, told, annotations.ADJUDICATED)


def _both(label: str, second: Any) -> str:
    return f"{label} or {second}" if isinstance(second, str) else label


def _with(tickets: pd.DataFrame, told: Mapping[str, list[str]], how: str) -> pd.DataFrame:
    texts = tickets.drop_duplicates("text_key").set_index("text_key")["text"]
    known = [key for key in told if key in texts.index]
    return pd.DataFrame(
        {
            "text_key": known,
            "text": [texts[key] for key in known],
            "how": how,
            "told": [told[k] for k in known],
        }
    )


def items(chosen: pd.DataFrame) -> list[Item]:
    """The chosen tickets as a person sees them."""
    guesses = features.build(chosen)["language"]
    told = [one if isinstance(one, list) else () for one in chosen.get("told", [None] * len(chosen))]
    return [
        Item(key, text.mask(words), str(guess), how, tuple(said))
        for key, words, how, guess, said in zip(
            chosen["text_key"], chosen["text"], chosen["how"], guesses, told, strict=True
        )
    ]
