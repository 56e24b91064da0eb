"""How a network learns: what from, in which steps and at which rate."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ticket_triage.models.network import Network, batches, padded
from ticket_triage.models.pretrained import Pretrained
from ticket_triage.params import Tune

WARM = 0.1  # share of the steps in which the learning rate rises
Targets = Mapping[
    str, np.ndarray
]  # by task: shape (rows, classes), a row sums to one, or to zero if it has no label


@dataclass(frozen=True)
class Rows:
    """What a network learns from: token ids, and probabilities of each task's classes."""

    ids: list[list[int]]
    targets: Targets

    def with_(self, ids: list[list[int]], targets: Targets) -> "Rows":
        """These and others."""
        return Rows(
            self.ids + ids,
            {task: np.concatenate([own, targets[task]]) for task, own in self.targets.items()},
        )


def fit(
    rows: Rows,
    pretrained: Pretrained,
    settings: Tune,
    seed: int,
    told: Callable[["Network"], None],
    epochs: int | None = None,
) -> Network:
    """A network fitted for `settings.epochs`, or stopped after fewer `epochs` of the same schedule.

    Its weights are float32 in any case; in bfloat16 are the products of a step alone, not what it predicts with.
    """
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    network = Network(pretrained, {task: target.shape[1] for task, target in rows.targets.items()})
    weights = {task: _balanced(target, settings.balance) for task, target in rows.targets.items()}
    goals = {task: torch.from_numpy(target.astype(np.float32)) for task, target in rows.targets.items()}
    body = [p for name, p in network.named_parameters() if not name.startswith("heads.")]
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in body if p.ndim > 1], "lr": settings.rate, "weight_decay": settings.decay},
            {"params": [p for p in body if p.ndim < 2], "lr": settings.rate, "weight_decay": 0.0},
            {"params": network.heads.parameters(), "lr": settings.head_rate, "weight_decay": 0.0},
        ],
        fused=True,
    )
    steps = settings.epochs * math.ceil(len(rows.ids) / settings.batch)
    warm = max(1, int(WARM * steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))
    )
    lengths = np.array(list(map(len, rows.ids)))
    for _ in range(epochs or settings.epochs):
        network.train()
        # Alike in length, so that little is padded, yet not the same batches in every epoch.
        shuffled = batches(lengths + draw.random(len(lengths)) * 4, settings.batch)
        draw.shuffle(shuffled)
        for batch in shuffled:
            loss = torch.zeros(())
            with torch.autocast("cpu", torch.bfloat16, enabled=settings.precision == "bfloat16"):
                said = network(*padded([rows.ids[row] for row in batch]))
            for task, values in said.items():
                goal = goals[task][batch]
                known = goal.sum(1) > 0
                if known.any():
                    own = -(goal[known] * weights[task] * torch.log_softmax(values[known].float(), -1)).sum(1)
                    loss = loss + getattr(settings.shares, task) * own.mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        network.eval()
        told(network)
    return network


def _balanced(target: np.ndarray, power: float) -> torch.Tensor:
    """Weights of the classes: frequencies to the power of minus `power`, one in the mean of the rows."""
    frequency = target.sum(axis=0) / max(1.0, float(target.sum()))
    raw = np.where(frequency > 0, frequency, 1.0) ** -power
    return torch.tensor(raw / (raw * frequency).sum(), dtype=torch.float32)
