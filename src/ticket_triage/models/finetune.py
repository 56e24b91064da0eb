"""An encoder fine-tuned on gold for all tasks at once; the only module that needs PyTorch."""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.model_selection import StratifiedGroupKFold
from tokenizers import Tokenizer
from torch import nn

from ticket_triage.models import ensemble
from ticket_triage.models.pretrained import Pretrained
from ticket_triage.params import Tune

DROPOUT = 0.1
WARM = 0.1  # share of the steps in which the learning rate rises
Targets = Mapping[
    str, np.ndarray
]  # by task: shape (rows, classes), a row sums to one, or to zero if it has no label


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
    ids, more = (_read(pretrained, given, tokens) for given in (texts, unlabelled))
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

            def told(network: _Network, out: np.ndarray = held_out, kept: Any = kept) -> None:
                said = _predict(network, [ids[row] for row in out], settings.batch)
                for task, values in said.items():
                    found.said[len(kept)][task][out] = values
                kept.append({name: value.clone() for name, value in network.state_dict().items()})
                progress()

            mine = _Rows([ids[row] for row in rows], {task: t[rows] for task, t in targets.items()})
            _fit(mine if taught is None else mine.with_(more, taught[fold]), pretrained, settings, seed, told)
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
        students = across(teachers)
        taught = losses(students)
        if min(taught) < min(plain):
            best, epochs = students, stop(taught)
        else:
            teachers = None
    everything = _Rows(ids, dict(targets))
    if teachers:
        mean = {task: np.mean([one[task] for one in teachers], axis=0) for task in targets}
        everything = everything.with_(more, mean)
    network = _fit(everything, pretrained, settings, seed, lambda _: progress(), epochs)
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
    progress: Callable[[], None] = lambda: None,
) -> Tuned:
    """Fit one network on all rows, for so many epochs; arguments are those of `tune`, nothing is out of fold."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1))
    rows = _Rows(_read(pretrained, texts, tokens), targets)
    network = _fit(rows, pretrained, settings, seed, lambda _: progress(), epochs)
    return Tuned(network.weights(), _heads(network), {}, epochs)


@dataclass(frozen=True)
class _Rows:
    """What a network learns from: token ids, and probabilities of each task's classes."""

    ids: list[list[int]]
    targets: Targets

    def with_(self, ids: list[list[int]], targets: Targets) -> "_Rows":
        return _Rows(
            self.ids + ids,
            {task: np.concatenate([own, targets[task]]) for task, own in self.targets.items()},
        )


@dataclass(frozen=True)
class _Fold:
    """The states of each fold's network after each epoch, and by epoch what they say of the rows held out."""

    states: list[list[dict[str, torch.Tensor]]]
    said: list[dict[str, np.ndarray]]


def _read(pretrained: Pretrained, texts: Sequence[str], tokens: int) -> list[list[int]]:
    tokenizer = Tokenizer.from_str(pretrained.tokenizer)
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens)
    return [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]


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
    network = _Network(pretrained, classes)
    network.load_state_dict(state)
    network.eval()
    return {task: values.astype(np.float32) for task, values in _predict(network, ids, batch).items()}


def _heads(network: "_Network") -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {
        task: (head.weight.detach().numpy().copy(), head.bias.detach().numpy().copy())
        for task, head in network.heads.items()
    }


class _Network(nn.Module):  # type: ignore[misc]  # PyTorch is no part of the environment that is checked
    """PyTorch's own encoder layers are BERT's, under other names."""

    def __init__(self, pretrained: Pretrained, classes: Mapping[str, int]) -> None:
        super().__init__()
        config, given = pretrained.config, pretrained.weights
        size, epsilon = config["hidden_size"], config["layer_norm_eps"]
        self.words = nn.Embedding(*given["embeddings.word_embeddings.weight"].shape)
        self.places = nn.Embedding(*given["embeddings.position_embeddings.weight"].shape)
        self.norm = nn.LayerNorm(size, eps=epsilon)
        self.drop = nn.Dropout(DROPOUT)
        layer = nn.TransformerEncoderLayer(
            size,
            config["num_attention_heads"],
            config["intermediate_size"],
            DROPOUT,
            "gelu",
            epsilon,
            batch_first=True,
        )
        layer.dropout = (
            nn.Identity()
        )  # within the feed-forward part BERT has none, and drawing it takes a sixth of a step
        self.layers = nn.TransformerEncoder(layer, config["num_hidden_layers"], enable_nested_tensor=False)
        self.heads = nn.ModuleDict({task: nn.Linear(size, count) for task, count in classes.items()})
        state = self.state_dict()
        for own, names in _names(config["num_hidden_layers"]).items():
            value = np.concatenate([given[name] for name in names])
            state[own] = torch.from_numpy(value.copy())
        state["places.weight"] += torch.from_numpy(given["embeddings.token_type_embeddings.weight"][0].copy())
        self.load_state_dict(state)

    def weights(self) -> dict[str, np.ndarray]:
        """The encoder's weights under the names that they came with."""
        state = self.state_dict()
        found: dict[str, np.ndarray] = {}
        for own, names in _names(len(self.layers.layers)).items():
            parts = np.split(state[own].numpy(), len(names))
            found |= {name: part.copy() for name, part in zip(names, parts, strict=True)}
        size = found["embeddings.LayerNorm.weight"].shape[0]
        found["embeddings.token_type_embeddings.weight"] = np.zeros((1, size), np.float32)  # is in the places
        return found

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> dict[str, torch.Tensor]:
        state = self.drop(self.norm(self.words(ids) + self.places.weight[: ids.shape[1]]))
        state = self.layers(state, src_key_padding_mask=~mask)
        seen = mask[:, :, None].to(state.dtype)
        vector = (state * seen).sum(1) / seen.sum(1)
        return {task: head(vector) for task, head in self.heads.items()}


def _names(layers: int) -> dict[str, tuple[str, ...]]:
    """PyTorch's name of each weight to those that it is made of."""
    found: dict[str, tuple[str, ...]] = {
        "words.weight": ("embeddings.word_embeddings.weight",),
        "places.weight": ("embeddings.position_embeddings.weight",),
    }
    for part in ("weight", "bias"):
        found[f"norm.{part}"] = (f"embeddings.LayerNorm.{part}",)
        for number in range(layers):
            own, given = f"layers.layers.{number}", f"encoder.layer.{number}"
            three = ("query", "key", "value")
            found[f"{own}.self_attn.in_proj_{part}"] = tuple(
                f"{given}.attention.self.{n}.{part}" for n in three
            )
            found[f"{own}.self_attn.out_proj.{part}"] = (f"{given}.attention.output.dense.{part}",)
            found[f"{own}.norm1.{part}"] = (f"{given}.attention.output.LayerNorm.{part}",)
            found[f"{own}.linear1.{part}"] = (f"{given}.intermediate.dense.{part}",)
            found[f"{own}.linear2.{part}"] = (f"{given}.output.dense.{part}",)
            found[f"{own}.norm2.{part}"] = (f"{given}.output.LayerNorm.{part}",)
    return found


def _fit(
    rows: _Rows,
    pretrained: Pretrained,
    settings: Tune,
    seed: int,
    told: Callable[["_Network"], None],
    epochs: int | None = None,
) -> _Network:
    """A network fitted for `settings.epochs`, or stopped after fewer `epochs` of the same schedule."""
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    network = _Network(pretrained, {task: target.shape[1] for task, target in rows.targets.items()})
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
        batches = _batches(lengths + draw.random(len(lengths)) * 4, settings.batch)
        draw.shuffle(batches)
        for batch in batches:
            loss = torch.zeros(())
            for task, values in network(*_padded([rows.ids[row] for row in batch])).items():
                goal = goals[task][batch]
                known = goal.sum(1) > 0
                if known.any():
                    own = -(goal[known] * weights[task] * torch.log_softmax(values[known], -1)).sum(1)
                    loss = loss + getattr(settings.shares, task) * own.mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        network.eval()
        told(network)
    return network


def _predict(network: _Network, ids: Sequence[Sequence[int]], size: int) -> dict[str, np.ndarray]:
    found = {task: np.zeros((len(ids), head.out_features)) for task, head in network.heads.items()}
    with torch.no_grad():
        for batch in _batches(np.array(list(map(len, ids))), size):
            for task, values in network(*_padded([ids[row] for row in batch])).items():
                found[task][batch] = torch.softmax(values, dim=-1).numpy()
    return found


def _batches(lengths: np.ndarray, size: int) -> list[np.ndarray]:
    order = np.argsort(lengths, kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]


def _padded(ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(map(len, ids))
    table = np.zeros((len(ids), width), dtype=np.int64)
    mask = np.zeros((len(ids), width), dtype=bool)
    for row, one in enumerate(ids):
        table[row, : len(one)] = one
        mask[row, : len(one)] = True
    return torch.from_numpy(table), torch.from_numpy(mask)


def _balanced(target: np.ndarray, power: float) -> torch.Tensor:
    """Weights of the classes: frequencies to the power of minus `power`, one in the mean of the rows."""
    frequency = target.sum(axis=0) / max(1.0, float(target.sum()))
    raw = np.where(frequency > 0, frequency, 1.0) ** -power
    return torch.tensor(raw / (raw * frequency).sum(), dtype=torch.float32)
