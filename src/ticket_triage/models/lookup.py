"""The member that learns nothing: keywords, patterns and the nearest of the experts' examples as probabilities."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score
from sklearn.pipeline import Pipeline

from ticket_triage import taxonomy as taxonomies
from ticket_triage.models import blocks, blueprint, families, shelf, tuning
from ticket_triage.models.encoder import Encoder
from ticket_triage.models.fallback import points
from ticket_triage.models.member import Member
from ticket_triage.models.training import Training
from ticket_triage.models.tuned import softmax_head
from ticket_triage.params import Encode, Train
from ticket_triage.schema import Task

FAMILY = families.RULES


def skipped(task: Task, rows: Training, settings: Train) -> str | None:
    """Why rules cannot answer a task, or None."""
    known = taxonomies.parse(rows.taxonomy, "the taxonomy")
    if not any(c.keywords or c.patterns for c in known.categories):
        return "the taxonomy has no keywords or patterns"
    return (
        f"{task} is not among `train.tasks`"
        if task not in settings.tasks
        else rows.insufficient(task, settings)
    )


def make(task: Task, rows: Training, settings: Encode, training: Train, encoder: Encoder | None) -> Member:
    """The member, which knows the experts' file and no gold: its out-of-fold predictions are its predictions.

    Args:
        encoder: what finds the neighbours among the experts' examples; without one, and for priority, they have
            no say.
    """
    weights = settings.rules.model_dump()
    kept = rows.rare(training.folds)
    classes = tuple(sorted(kept.labels.unique()))
    near = task == "category" and encoder is not None and weights[blueprint.NEIGHBOURS] > 0
    wanted = ["rules", *([blueprint.NEIGHBOURS] if near else [])]
    columns = list(kept.features.columns)
    fitted = blueprint.make(wanted, training.text, columns, training.seed, kept.taxonomy, encoder)
    matrix = fitted.fit(kept.features).transform(kept.features)
    names = [name for _, _, steps in blocks.unpack(fitted) for name in steps[-1].get_feature_names_out()]
    known = taxonomies.parse(kept.taxonomy, "the taxonomy")
    pointed = points(names, known, task, classes, weights)
    # The block of rules has a weight of its own, for the sake of learning members; it is shared with them.
    pointed[:, [not name.startswith(blueprint.NEIGHBOURS) for name in names]] /= training.text.rule_weight
    model = softmax_head(pointed, np.zeros(len(classes)))
    guesses = pd.DataFrame(model.predict_proba(matrix), kept.features.index, list(classes))
    score = float(f1_score(kept.labels, guesses.idxmax(axis=1), average="macro"))
    trial = pd.DataFrame([{"trial": 0, "state": "complete", "score": score}])
    return Member(
        task=task,
        family=FAMILY,
        classes=classes,
        pipeline=Pipeline([("blocks", fitted), ("model", model)]),
        values=weights,
        out_of_fold=guesses,
        weak_rows=0,
        found=tuning.Found(weights, score, trial, cut_short=False),
    )


def write(
    learnt: Mapping[Task, Training],
    settings: Encode,
    training: Train,
    encoder: Encoder | None,
    out: Path,
) -> dict[Task, float]:
    """Write the folder `out`/<task>/rules of every task; macro-F1 of those that can be answered."""
    scores = {}
    for task, rows in learnt.items():
        folder = out / task / FAMILY
        if (reason := skipped(task, rows, training)) is not None:
            shelf.skip(task, FAMILY, folder, reason)
            continue
        member = make(task, rows, settings, training, encoder)
        shelf.save(member, folder)
        scores[task] = member.found.score
    return scores
