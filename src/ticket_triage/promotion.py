"""Whether a candidate takes the champion's place; pure: no registry, no file, no clock."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from ticket_triage import params
from ticket_triage.evaluation import Evaluation
from ticket_triage.evaluation.comparison import Difference, Pair
from ticket_triage.intervals import Figure
from ticket_triage.schema import URGENT, Task

_ROUTING = ("auto_", "sure_")  # how figures of what is routed begin


@dataclass(frozen=True)
class Scores:
    """What there is to know of a model to judge it."""

    name: str  # as the reasons call it: "version 7"
    model: str  # hash of its files
    labels: frozenset[str]  # categories of its taxonomy
    tasks: tuple[Task, ...]  # that it answers
    macro_f1: Mapping[Task, float]  # on the gold test, where that has labels of the task
    missed_high: float = 0.0  # share of gold `high` called `low`, out of fold
    missed_bound: float | None = None  # its upper bound, where there is a guard
    test_keys: frozenset[str] = field(default=frozenset(), repr=False)
    training_keys: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, evaluation: Evaluation, name: str) -> "Scores":
        """The scores of a model evaluated on the gold test; its `info` says what it was trained on."""
        priority = evaluation.tasks.get("priority")
        guard = priority.guard if priority else None
        return cls(
            name=name,
            model=evaluation.model,
            labels=evaluation.labels,
            tasks=evaluation.answers,
            macro_f1={task: part.figures["macro_f1"].value for task, part in evaluation.tasks.items()},
            missed_high=guard.missed / max(1, guard.high) if guard else 0.0,
            missed_bound=guard.miss.high if guard else None,
            test_keys=evaluation.keys,
            training_keys=frozenset(cast("list[str]", evaluation.info.get("training_keys", []))),
        )


@dataclass(frozen=True)
class Verdict:
    """The decision, and every reason for it as a sentence."""

    promote: bool
    reasons: tuple[str, ...]


def judge(pair: Pair, policy: params.Policy, candidate: str, champion: str | None) -> Verdict:
    """`decide` for two evaluations on the gold test that `comparison.compare` brought together."""
    held = None if pair.champion is None else Scores.of(pair.champion, champion or "the champion")
    return decide(Scores.of(pair.candidate, candidate), held, policy, pair.tasks)


def decide(
    candidate: Scores,
    champion: Scores | None,
    policy: params.Policy,
    differences: Mapping[Task, Difference] | None = None,
) -> Verdict:
    """Decide whether `candidate` is to be the champion.

    Without a champion it needs the policy's floors. With one it must be better in at least one task, in none worse by
    more than `max_loss`, and significantly worse in no figure of `guarded`: its paired interval may not lie wholly on
    the wrong side of zero, each figure looked at by itself, in the champion's favour. Or it gives every ticket the same
    labels: then somebody changed the decision rule, and is to get what was asked for, so that figures of routing are
    not guarded. It is refused where the two cannot be compared: other labels, a test text in either's training, a task
    less.

    Args:
        differences: candidate minus champion, for every task that both answer.
    """
    if champion is not None and candidate.model == champion.model != "":
        return Verdict(False, (f"{candidate.name} is the champion already: its files are the same.",))
    refusals = tuple(_refusals(candidate, champion, policy))
    if refusals:
        return Verdict(False, refusals)
    if champion is None:
        met, reasons = _floors(candidate, tuple(candidate.macro_f1), policy)
        last = "is the first champion" if met else "is not promoted: a first champion needs every floor"
        return Verdict(met, (*_urgent(candidate, policy), *reasons, f"{candidate.name} {last}."))
    new = tuple(task for task in candidate.macro_f1 if task not in champion.macro_f1)
    sound, reasons = _floors(candidate, new, policy)
    better: list[str] = list(new)
    for task, before in champion.macro_f1.items():
        gain = (differences or {})[task].macro_f1
        fine, remark = _weigh(gain, policy)
        sound = sound and fine
        better += [task] if gain.value > 0 else []
        interval = f"{policy.confidence:.0%} interval {gain.low:+.3f} to {gain.high:+.3f}"
        reasons.append(
            f"{task}: macro-F1 {candidate.macro_f1[task]:.3f} against {before:.3f} of {champion.name}, "
            f"difference {gain.value:+.3f} ({interval}): {remark}."
        )
    alike = not new and all((differences or {})[task].changed == 0 for task in champion.macro_f1)
    losses = tuple(_losses(champion, differences or {}, policy, alike))
    if not sound:
        last = f"is not promoted: {champion.name} stays, since a task got worse or lies under its floor"
    elif losses:
        last = f"is not promoted: {champion.name} stays, since a guarded figure got worse"
    elif alike:
        last = (
            f"takes the place of {champion.name}: it gives every ticket of the test the same labels, so that what is "
            "new is the decision rule alone"
        )
    elif not better:
        last = f"is not promoted: {champion.name} stays, since no task got better"
    else:
        gained = " and ".join(better)
        last = f"takes the place of {champion.name}: better in {gained}, nothing worse than accepted"
    promote = sound and not losses and (alike or bool(better))
    return Verdict(promote, (*_urgent(candidate, policy), *reasons, *losses, f"{candidate.name} {last}."))


def _losses(
    champion: Scores, differences: Mapping[Task, Difference], policy: params.Policy, alike: bool
) -> Iterator[str]:
    for task, difference in differences.items():
        for name in policy.guarded:
            gain = difference.gains.get(name)
            if gain is None or name == "macro_f1" or (alike and name.startswith(_ROUTING)):
                continue  # macro-F1 has a sentence of its own
            if gain.high < 0:
                yield (
                    f"{task}: {name.replace('_', ' ')} is significantly worse than that of {champion.name}, by "
                    f"{-gain.value:.3f} ({policy.confidence:.0%} interval {-gain.high:.3f} to {-gain.low:.3f})."
                )


def _urgent(candidate: Scores, policy: params.Policy) -> Iterator[str]:
    if candidate.missed_bound is not None:
        yield (
            f"{URGENT} {candidate.missed_high:.1%} is called low, at most "
            f"{candidate.missed_bound:.1%}; the floor is {policy.max_missed_high:.1%}."
        )


def _weigh(gain: Figure, policy: params.Policy) -> tuple[bool, str]:
    if gain.high < 0:
        return False, "significantly worse"
    if gain.value < -policy.max_loss:
        return False, f"worse by more than the {policy.max_loss:.3f} that is accepted"
    if gain.value < 0:
        return True, f"worse, within the {policy.max_loss:.3f} that is accepted, and it may be chance"
    if gain.low > 0:
        return True, "significantly better"
    return True, "better, but it may be chance" if gain.value > 0 else "no better and no worse"


def _refusals(candidate: Scores, champion: Scores | None, policy: params.Policy) -> Iterator[str]:
    if candidate.missed_high > policy.max_missed_high:
        yield (
            f"{candidate.name} calls {candidate.missed_high:.1%} of the tickets of high priority low, out of fold; "
            f"{policy.max_missed_high:.1%} is accepted: lower `assemble.max_missed_high`."
        )
    for scores in (candidate, champion):
        known = len(scores.training_keys & candidate.test_keys) if scores else 0
        if scores and known:
            yield (
                f"{known} of the gold test's {len(candidate.test_keys)} texts were in the training of "
                f"{scores.name}, so that its figures would flatter it: train it anew on the present split, "
                "or choose the champion by hand."
            )
    for task in candidate.tasks:
        if task not in candidate.macro_f1:
            yield (
                f"{candidate.name} answers {task}, of which the gold test has no label, so that nobody would know how "
                f"well: add gold, or take {task} out of `train.tasks`."
            )
    if champion is None:
        return
    if unlike := candidate.labels ^ champion.labels:
        yield (
            f"{candidate.name} and {champion.name} are for other labels and cannot be compared: only one of them "
            f"knows {', '.join(sorted(unlike)[:5])}. Give the new taxonomy a `name` of its own, or choose the "
            "champion by hand."
        )
    if candidate.test_keys != champion.test_keys:
        yield f"{candidate.name} and {champion.name} were evaluated on different tickets: use one test."
    for task in champion.tasks:
        if task not in candidate.tasks:
            yield f"{champion.name} answers {task} and {candidate.name} does not: applications would lose it."


def _floors(candidate: Scores, tasks: tuple[Task, ...], policy: params.Policy) -> tuple[bool, list[str]]:
    met, reasons = True, []
    for task in tasks:
        value, floor = candidate.macro_f1[task], policy.floors.get(task, 0.0)
        met = met and value >= floor
        side = "meets" if value >= floor else "lies under"
        reasons.append(f"{task}: macro-F1 {value:.3f} {side} the floor of {floor:.3f}.")
    return met, reasons
