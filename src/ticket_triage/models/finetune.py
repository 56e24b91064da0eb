"""An encoder fine-tuned on gold for all tasks at once, and taught by itself on unlabelled texts where that helps."""

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.model_selection import StratifiedGroupKFold

from ticket_triage.models import ensemble
from ticket_triage.models.learning import Rows, Targets, fit
from ticket_triage.models.network import Network, predict, read
from ticket_triage.models.pretrained import Pretrained
from ticket_triage.params import Tune


@dataclass(frozen=True)
class Tuned:
    """What came of it.

    Attributes:
        weights: of the encoder fitted on all rows, by the names that it was read with.
        heads: matrix (classes, size) and bias of each task's softmax.
        out_of_fold: probabilities of each task, (rows, classes), by networks that were not fitted on the row.
        epochs: how many the networks were fitted for: the least log-loss out of fold stopped them.
        losses: that log-loss, added up over the tasks by their shares, after each epoch; `taught`: the same of networks
            that learnt from unlabelled texts too, empty where there were none.
        pseudo: how many unlabelled texts the network was fitted on besides; 0 where they did not help.
    """

    weights: dict[str, np.ndarray]
    heads: dict[str, tuple[np.ndarray, np.ndarray]]
    out_of_fold: dict[str, np.ndarray]
    epochs: int
    losses: tuple[float, ...] = ()
    taught: tuple[float, ...] = ()
    pseudo: int = 0


def tune(
    texts: Sequence[str],
    targets: Targets,
    groups: Sequence[Any],
    pretrained: Pretrained,
    settings: Tune,
    *,
    tokens: int,
    folds: int,
    seed: int,
    unlabelled: Sequence[str] = (),
    progress: Callable[[], None] = lambda: None,
) -> Tuned:
    """Fit one network with a head for each task, on the folds of the rows and then on all of them.

    With `unlabelled` texts each fold's network teaches another one, which learns from its probabilities for them beside
    the gold of the fold (self-training: Yarowsky 1995; with soft labels as in Hinton et al., Distilling the Knowledge
    in a Neural Network, 2015). Where that lowers the log-loss out of fold, the last network is taught too, by all
    networks of the folds.

    Args:
        texts: as the encoder reads them.
        targets: probabilities of the classes by task; folds divide the first task's most probable ones.
        groups: rows of one group are never on both sides of a fold.
        progress: called after every epoch of every network.
    """
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1))
    ids, more = (read(pretrained, given, tokens) for given in (texts, unlabelled))
    first = next(iter(targets.values()))
    strata = np.where(first.any(axis=1), first.argmax(axis=1), -1)
    parts = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(first, strata, groups)
    sides = [(rows, held_out) for rows, held_out in parts]

    def across(taught: Sequence[Targets] | None) -> "_Fold":
        """Networks of all folds, each with `taught` for the unlabelled texts, and what they say of held-out rows."""
        found = _Fold(
            [], [{task: np.zeros_like(t) for task, t in targets.items()} for _ in range(settings.epochs)]
        )
        for fold, (rows, held_out) in enumerate(sides):
            kept: list[dict[str, torch.Tensor]] = []
            epoch = itertools.count()

            def told(
                network: Network, out: np.ndarray = held_out, kept: Any = kept, epoch: Any = epoch
            ) -> None:
                said, number = predict(network, [ids[row] for row in out], settings.batch), next(epoch)
                for task, values in said.items():
                    found.said[number][task][out] = values
                if more and taught is None:  # it may teach others: a hundred megabytes for each
                    kept.append({name: value.clone() for name, value in network.state_dict().items()})
                progress()

            mine = Rows([ids[row] for row in rows], {task: t[rows] for task, t in targets.items()})
            fit(mine if taught is None else mine.with_(more, taught[fold]), pretrained, settings, seed, told)
            found.states.append(kept)
        return found

    def losses(fold: "_Fold") -> tuple[float, ...]:
        return tuple(_loss(said, targets, settings) for said in fold.said)

    def stop(values: Sequence[float]) -> int:
        return int(np.argmin(values)) + 1

    own = across(None)
    plain = losses(own)
    best, epochs, teachers = own, stop(plain), None
    taught: tuple[float, ...] = ()
    if more:
        classes = {task: t.shape[1] for task, t in targets.items()}
        teachers = [
            _teach(pretrained, classes, kept[epochs - 1], more, settings.batch) for kept in own.states
        ]
        own.states.clear()
        students = across(teachers)
        taught = losses(students)
        if min(taught) < min(plain):
            best, epochs = students, stop(taught)
        else:
            teachers = None
    everything = Rows(ids, dict(targets))
    if teachers:
        mean = {task: np.mean([one[task] for one in teachers], axis=0) for task in targets}
        everything = everything.with_(more, mean)
    network = fit(everything, pretrained, settings, seed, lambda _: progress(), epochs)
    return Tuned(
        network.weights(),
        _heads(network),
        best.said[epochs - 1],
        epochs,
        plain,
        taught,
        len(more) if teachers else 0,
    )


def once(
    texts: Sequence[str],
    targets: Targets,
    pretrained: Pretrained,
    settings: Tune,
    *,
    tokens: int,
    seed: int,
    epochs: int,
    unlabelled: Sequence[str] = (),
    progress: Callable[[], None] = lambda: None,
) -> Tuned:
    """Fit one network on all rows, for so many epochs; arguments are those of `tune`, nothing is out of fold.

    With `unlabelled` texts it teaches another one, which is returned.
    """
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1))
    rows, more = Rows(read(pretrained, texts, tokens), targets), read(pretrained, unlabelled, tokens)
    network = fit(rows, pretrained, settings, seed, lambda _: progress(), epochs)
    if more:
        taught = _told(network, more, settings.batch)
        network = fit(rows.with_(more, taught), pretrained, settings, seed, lambda _: progress(), epochs)
    return Tuned(network.weights(), _heads(network), {}, epochs, pseudo=len(more))


@dataclass(frozen=True)
class _Fold:
    """The states of each fold's network after each epoch, and by epoch what they say of the rows held out.

    States are kept only where they may teach.
    """

    states: list[list[dict[str, torch.Tensor]]]
    said: list[dict[str, np.ndarray]]


def _loss(said: Mapping[str, np.ndarray], targets: Targets, settings: Tune) -> float:
    """Cross-entropy of what was said, over the rows that have a label, added up over the tasks by their shares.

    At the best temperature, as in the vote: a network grows overconfident long before it grows worse.
    """
    total = 0.0
    for task, target in targets.items():
        known = target.any(axis=1)
        heat = ensemble.best_temperature(said[task][known], target[known].argmax(axis=1))
        logs = np.log(np.clip(ensemble.temper(said[task][known], heat), 1e-12, None))
        total += getattr(settings.shares, task) * float(-(target[known] * logs).sum(axis=1).mean())
    return total


def _teach(
    pretrained: Pretrained, classes: Mapping[str, int], state: Any, ids: list[list[int]], batch: int
) -> dict[str, np.ndarray]:
    network = Network(pretrained, classes)
    network.load_state_dict(state)
    network.eval()
    return _told(network, ids, batch)


def _told(network: Network, ids: list[list[int]], batch: int) -> dict[str, np.ndarray]:
    return {task: values.astype(np.float32) for task, values in predict(network, ids, batch).items()}


def _heads(network: "Network") -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {
        task: (head.weight.detach().numpy().copy(), head.bias.detach().numpy().copy())
        for task, head in network.heads.items()
    }
