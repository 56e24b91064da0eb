"""Members become one triage model: weights and temperatures out of fold, thresholds on their half of validation."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ticket_triage import text
from ticket_triage.files import TriageError, text_key
from ticket_triage.models import ensemble, families, saving, shelf
from ticket_triage.models.triage_model import Head, Threshold, TriageModel, Voter
from ticket_triage.params import Assemble
from ticket_triage.schema import GOLD_PREFIX, TASKS, Task
from ticket_triage.taxonomy import Taxonomy

NEVER = 1.01  # no confidence is above 1, and a saturated one is 1


def gather(members: Sequence[shelf.Saved], stage: Path) -> None:
    """Copy the members' files into one folder: `steps/` (equal ones once) and `members/<task>-<family>`."""
    for part in ("steps", "members"):
        (stage / part).mkdir(parents=True, exist_ok=True)
    for one in members:
        for step in (one.folder / "steps").iterdir():
            shutil.copyfile(step, stage / "steps" / step.name)
        shutil.copyfile(one.folder / one.about["estimator"], stage / "members" / _file(one))


def _file(one: shelf.Saved) -> str:
    return f"{one.about['task']}-{one.about['family']}{Path(one.about['estimator']).suffix}"


def head(members: Sequence[shelf.Saved], gold: pd.Series, settings: Assemble, fallback: float) -> Head:
    """Weigh the members of a task by their out-of-fold predictions against `gold` (labels by ticket id)."""
    classes = tuple(members[0].about["classes"])
    column = {label: number for number, label in enumerate(classes)}
    guesses = {one.about["family"]: one.out_of_fold() for one in members}
    index = next(iter(guesses.values())).index
    truth = gold.reindex(index).map(column).to_numpy(dtype=np.int64)
    temperatures = {f: ensemble.best_temperature(frame.to_numpy(), truth) for f, frame in guesses.items()}
    tempered = {f: ensemble.temper(frame.to_numpy(), temperatures[f]) for f, frame in guesses.items()}
    weights = ensemble.best_weights(tempered, truth, settings.min_weight)
    voters = tuple(
        Voter(
            family=one.about["family"],
            weight=weights[one.about["family"]],
            temperature=temperatures[one.about["family"]],
            estimator=_file(one),
            linear=families.get(one.about["family"]).linear,
            specs=shelf.specs_of(one.about),
            values=one.about["values"],
            score=one.about["score"],
        )
        for one in members
        if one.about["family"] in weights
    )
    return Head(
        classes=classes,
        voters=voters,
        temperature=ensemble.best_temperature(ensemble.vote(tempered, weights), truth),
        threshold=Threshold(value=fallback, why="not chosen yet"),
    )


def threshold(confidence: np.ndarray, right: np.ndarray, settings: Assemble) -> Threshold:
    """The lowest confidence from which the promised share of tickets is right."""
    if len(right) < settings.min_calibration:
        return Threshold(
            value=settings.fallback_threshold,
            why=f"fallback: {len(right)} gold tickets, {settings.min_calibration} are needed to promise a precision",
        )
    order = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # Few tickets at the top say nothing: a promise needs at least thirty behind it. Equal confidences are routed
    # together, so the cut is never among them.
    enough = np.arange(1, len(order) + 1) >= 30
    apart = np.append(np.diff(confidence[order]) != 0, True)
    kept = np.flatnonzero((precision >= settings.promised_precision) & enough & apart)
    if not len(kept):
        return Threshold(value=NEVER, why=f"no confidence gives a precision of {settings.promised_precision}")
    last = kept[-1]
    return Threshold(
        value=float(confidence[order[last]]),
        why=f"precision {precision[last]:.3f} on the {last + 1} of {len(order)} validation tickets above it",
    )


def assemble(
    members: Sequence[shelf.Saved],
    train: pd.DataFrame,
    validation: pd.DataFrame,
    unlabelled: pd.DataFrame,
    taxonomy: Taxonomy,
    settings: Assemble,
    *,
    calendar: bool,
    info: dict[str, Any],
    stage: Path,
) -> TriageModel:
    """Make the triage model; its files are gathered in the folder `stage`, from where `save` takes them.

    Args:
        train, validation: split tables, with gold columns; thresholds see one half of validation.
        unlabelled: the split table that weakly labelled tickets are of.

    Raises:
        TriageError: no task has a trained member.
    """
    heads: dict[Task, Head] = {}
    for task in TASKS:
        own = [one for one in members if one.about["task"] == task and not one.skipped]
        if own:
            gold = train.set_index("ticket_id")[f"{GOLD_PREFIX}{task}"]
            heads[task] = head(own, gold, settings, settings.fallback_threshold)
    if not heads:
        reasons = sorted({one.skipped for one in members if one.skipped})
        raise TriageError(f"no task could be trained: {'; '.join(reasons) or 'there is no member'}")
    gather([one for one in members if not one.skipped], stage)
    # A text learnt from with a weak label would flatter the model all the same, once it becomes gold of the test.
    weak = unlabelled if any(one.about.get("weak_rows") for one in members) else unlabelled.head(0)
    voters = [voter for task_head in heads.values() for voter in task_head.voters]
    steps = sorted({digest for voter in voters for spec in voter.specs for digest in spec.steps})
    draft = TriageModel(
        taxonomy=taxonomy,
        heads=heads,
        calendar=calendar,
        info=info | {"training_keys": sorted({*train["text_key"], *weak["text_key"]})},
        steps={digest: saving.loads(stage / "steps" / f"{digest}.skops") for digest in steps},
        estimators={v.estimator: families.load(stage / "members" / v.estimator) for v in voters},
    )
    half = validation[validation["half"] == "thresholds"]
    guesses = draft.predict_proba(half)
    chosen = {
        task: task_head.model_copy(update={"threshold": _on(guesses[task], half, task, settings)})
        for task, task_head in heads.items()
    }
    ready = replace(draft, heads=chosen)
    return replace(ready, canaries=_canaries(ready, validation, settings))


def _on(guess: pd.DataFrame, half: pd.DataFrame, task: Task, settings: Assemble) -> Threshold:
    judged = half[f"{GOLD_PREFIX}{task}"].notna().to_numpy()
    best = guess.idxmax(axis=1) if len(guess) else pd.Series(dtype="str")
    right = (best == half[f"{GOLD_PREFIX}{task}"]).fillna(False)
    if task == "category":
        right |= (best == half[f"{GOLD_PREFIX}second_category"]).fillna(False)
    return threshold(guess.max(axis=1).to_numpy()[judged], right.to_numpy(dtype=bool)[judged], settings)


def _canaries(model: TriageModel, validation: pd.DataFrame, settings: Assemble) -> tuple[dict[str, Any], ...]:
    examples = [(f"{c.label} example", c.examples[0]) for c in model.taxonomy.categories if c.examples]
    if not examples:  # a taxonomy made of labels has none; the ticket's personal data stays at home
        texts = [text.mask(one) for one in validation["text"].head(settings.canaries)]
        examples = [(f"ticket {text_key(one)}", one) for one in texts]
    chosen = examples[:: max(1, len(examples) // settings.canaries)][: settings.canaries]
    answers = model.answers(pd.DataFrame({"text": [one for _, one in chosen]}))
    return tuple(
        {"name": name, "text": one, "expected": {task: list(answer[task]) for task in answer}}
        for (name, one), answer in zip(chosen, answers, strict=True)
    )
