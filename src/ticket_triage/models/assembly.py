"""Members become one triage model: weights and temperatures out of fold, thresholds on their half of validation."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ticket_triage import features, text
from ticket_triage.files import TriageError, text_key
from ticket_triage.labeling.functions import SAFETY, Alarms
from ticket_triage.models import calibration, ensemble, families, nearest, operating, saving, shelf
from ticket_triage.models.calibration import Sets, Threshold
from ticket_triage.models.fallback import Fallback
from ticket_triage.models.heads import Head, Voter
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.params import Assemble
from ticket_triage.schema import GOLD_PREFIX, TASKS, Task
from ticket_triage.taxonomy import Taxonomy


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
    weighed = ensemble.weigh(tempered, truth, settings.min_gain)
    weights = weighed.weights
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
            gain=round(weighed.gains[one.about["family"]], 6),
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
    learnt = features.build(train)[features.TEXT].set_axis(train["ticket_id"])
    for task in TASKS:
        own = [one for one in members if one.about["task"] == task and not one.skipped]
        if own:
            gold = train.set_index("ticket_id")[f"{GOLD_PREFIX}{task}"]
            heads[task] = _backed(
                head(own, gold, settings, settings.fallback_threshold), task, own, gold, learnt, taxonomy
            )
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
    specs = list(dict.fromkeys(spec for voter in voters for spec in voter.specs))
    near = nearest.make(train, specs, draft.steps, settings.neighbours, settings.excerpt)
    if "priority" in heads:
        heads["priority"] = _guarded(heads["priority"], members, train, learnt, taxonomy, settings)
    drawn = {half: validation[validation["half"] == half] for half in ("thresholds", "conformal")}
    for task, sets in _sets(draft, drawn["conformal"], settings).items():
        heads[task] = heads[task].model_copy(update={"sets": sets})
    # Last, since what is routed depends on what the guard makes of it.
    for task, limit in operating.thresholds(
        replace(draft, heads=heads), drawn["thresholds"], settings
    ).items():
        heads[task] = heads[task].model_copy(update={"threshold": limit})
    ready = replace(draft, heads=heads)
    return replace(ready, canaries=canaries(ready, validation, settings), nearest=near)


def out_of_fold(head: Head, members: Sequence[shelf.Saved]) -> pd.DataFrame:
    """The vote's calibrated probabilities for gold of train, each from members that had not learnt from the ticket.

    Args:
        head: weights and temperatures of a task.
        members: of that task, at least all that `head` names.

    Returns:
        Indexed by ticket id, a column for each class.
    """
    own = {one.about["family"]: one for one in members if not one.skipped}
    guesses = {voter.family: own[voter.family].out_of_fold() for voter in head.voters}
    tempered = {
        voter.family: ensemble.temper(guesses[voter.family].to_numpy(), voter.temperature)
        for voter in head.voters
    }
    voted = ensemble.vote(tempered, {voter.family: voter.weight for voter in head.voters})
    index = guesses[head.voters[0].family].index
    return pd.DataFrame(ensemble.temper(voted, head.temperature), index, list(head.classes))


def _backed(
    head: Head,
    task: Task,
    members: Sequence[shelf.Saved],
    gold: pd.Series,
    texts: "pd.Series[str]",
    taxonomy: Taxonomy,
) -> Head:
    """With the rules to fall back on, if the taxonomy has any; they learnt nothing, so all of train may judge them."""
    rules = [one for one in members if one.about["family"] == families.RULES]
    if not rules:
        return head
    known = gold[gold.isin(head.classes)]
    truth = known.map({label: n for n, label in enumerate(head.classes)}).to_numpy(dtype=np.int64)
    fallback = Fallback(classes=head.classes, weights=rules[0].about["values"])
    fallback = fallback.calibrated(taxonomy, task, texts.loc[known.index].tolist(), truth)
    return head.model_copy(update={"fallback": fallback})


def _guarded(
    head: Head,
    members: Sequence[shelf.Saved],
    train: pd.DataFrame,
    texts: "pd.Series[str]",
    taxonomy: Taxonomy,
    settings: Assemble,
) -> Head:
    """With the guard that out-of-fold predictions of train ask for."""
    found = out_of_fold(head, [one for one in members if one.about["task"] == "priority"])
    rows = train.set_index("ticket_id").loc[found.index]
    alarmed = np.array([SAFETY in rang for rang in Alarms(taxonomy).find(texts.loc[found.index])])
    guard = calibration.choose_guard(found, rows[f"{GOLD_PREFIX}priority"], alarmed, settings.max_missed_high)
    return head.model_copy(update={"guard": guard})


def _sets(model: TriageModel, half: pd.DataFrame, settings: Assemble) -> dict[Task, Sets | None]:
    found = {}
    for task, guess in model.predict_proba(half).items():
        gold = half[f"{GOLD_PREFIX}{task}"].dropna()
        columns = guess.columns.get_indexer(pd.Index(gold))
        given = guess.loc[gold.index].to_numpy()
        own = np.where(columns >= 0, given[np.arange(len(gold)), columns], 0.0)
        found[task] = calibration.choose_sets(own, settings.coverage[task])
    return found


def canaries(model: TriageModel, validation: pd.DataFrame, settings: Assemble) -> tuple[dict[str, Any], ...]:
    """A few tickets with the answers that `model` gives them: the experts' examples, else tickets of `validation`."""
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


def in_words(model: TriageModel) -> Iterator[str]:
    """For each task, in a line: what its guard costs, if it has one; who votes, and from where on it is sure."""
    for task, head in model.heads.items():
        votes = ", ".join(f"{v.family} {v.weight:.2f}" for v in sorted(head.voters, key=lambda v: -v.weight))
        if head.guard:
            miss, price = head.guard.miss, head.guard.price
            yield (
                f"{task}: {miss.value:.1%} of high called low, cross-fitted, at most {miss.high:.1%};"
                f" for that {price.value:.1%} of low are raised"
            )
        yield f"{task}: {votes}; routed from confidence {head.threshold.value:.2f} ({head.threshold.why})"
