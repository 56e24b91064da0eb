"""Weak labels of tickets: all labelling functions vote, each label model makes labels of the votes."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ticket_triage.labeling import functions, hindsight, label_model, priors, similarity
from ticket_triage.params import Label
from ticket_triage.taxonomy import Taxonomy

_READ_FIRST = ("validation", "train", "unlabelled")


@dataclass(frozen=True)
class Labelled:
    """What was made of some tickets, all indexed as they are.

    Attributes:
        votes: a categorical column for each function, missing = abstains.
        read: which tickets were compared with examples; the functions by similarity were asked of no others.
        weak: `category` and `priority` by the label model that was chosen, missing = abstains.
        models: the same by every label model.
    """

    votes: pd.DataFrame
    read: "pd.Series[bool]"
    weak: pd.DataFrame
    models: Mapping[str, pd.DataFrame]


def gather(
    train: pd.DataFrame, validation: pd.DataFrame, unlabelled: pd.DataFrame, later: pd.DataFrame
) -> pd.DataFrame:
    """The tickets of three parts with a column `part`, and `brand` and `first_reply` from hindsight."""
    parts = {"train": train, "validation": validation, "unlabelled": unlabelled}
    tickets = pd.concat([rows.assign(part=name) for name, rows in parts.items()], ignore_index=True)
    known = later.drop_duplicates("ticket_id").set_index("ticket_id")
    return tickets.assign(
        **{name: tickets["ticket_id"].map(known[name]).astype("str") for name in ("brand", "first_reply")}
    )


def label(
    tickets: pd.DataFrame, taxonomy: Taxonomy, read: similarity.Read | None, settings: Label
) -> Labelled:
    """Vote on all tickets and label them by every label model.

    Args:
        tickets: of `gather`; gold of the part train teaches the priors of brands and how far each function is believed.
        read: an encoder; without one nothing is compared with examples.
    """
    order = tickets["part"].map(_READ_FIRST.index).sort_values(kind="stable").index
    chosen = tickets.index.isin(order[: settings.similarity.most if read is not None else 0])
    found = [
        functions.votes(taxonomy, tickets["text"]),
        priors.votes(taxonomy, tickets, tickets["brand"], settings.prior),
        hindsight.votes(taxonomy, tickets["first_reply"]),
    ]
    if read is not None:
        near = similarity.votes(taxonomy, tickets["text"][chosen], read, settings.similarity)
        found.append(near.reindex(tickets.index))
    votes = pd.concat(found, axis=1)
    models = label_model.label(votes, tickets, taxonomy, settings.min_votes)
    return Labelled(votes, pd.Series(chosen, index=tickets.index), models[settings.label_model], models)
