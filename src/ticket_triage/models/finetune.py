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

from ticket_triage.models.pretrained import Pretrained
from ticket_triage.params import Tune

DROPOUT = 0.1
WARM = 0.1  # share of the steps in which the learning rate rises
Labels = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Tuned:
    """What came of it.

    Attributes:
        weights: of the encoder fitted on all rows, by the names that it was read with.
        heads: matrix (classes, size) and bias of each task's softmax.
        out_of_fold: probabilities of each task, (rows, classes), by networks that were not fitted on the row.
    """

    weights: dict[str, np.ndarray]
    heads: dict[str, tuple[np.ndarray, np.ndarray]]
    out_of_fold: dict[str, np.ndarray]


def tune(
    texts: Sequence[str],
    labels: Labels,
    groups: Sequence[Any],
    pretrained: Pretrained,
    settings: Tune,
    *,
    tokens: int,
    folds: int,
    seed: int,
    progress: Callable[[], None] = lambda: None,
) -> Tuned:
    """Fit one network with a head for each task, on the folds of the rows and then on all of them.

    Args:
        texts: as the encoder reads them.
        labels: class numbers from 0 by task, -1 where a row has no label; folds divide the first task's.
        groups: rows of one group are never on both sides of a fold.
        progress: called after every epoch of every network.
    """
    torch.set_num_threads(os.cpu_count() or 1)
    tokenizer = Tokenizer.from_str(pretrained.tokenizer)
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens)
    ids = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    classes = {task: int(values.max()) + 1 for task, values in labels.items()}
    out_of_fold = {task: np.zeros((len(ids), count)) for task, count in classes.items()}
    sides = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for rows, held_out in sides.split(np.zeros(len(ids)), next(iter(labels.values())), groups):
        network = _fit(ids, labels, rows, classes, pretrained, settings, seed, progress)
        for task, found in _predict(network, [ids[row] for row in held_out], settings.batch).items():
            out_of_fold[task][held_out] = found
    network = _fit(ids, labels, np.arange(len(ids)), classes, pretrained, settings, seed, progress)
    heads = {
        task: (head.weight.detach().numpy().copy(), head.bias.detach().numpy().copy())
        for task, head in network.heads.items()
    }
    return Tuned(network.weights(), heads, out_of_fold)


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
    ids: Sequence[Sequence[int]],
    labels: Labels,
    rows: np.ndarray,
    classes: Mapping[str, int],
    pretrained: Pretrained,
    settings: Tune,
    seed: int,
    progress: Callable[[], None],
) -> _Network:
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    network = _Network(pretrained, classes)
    weights = {
        task: _balanced(labels[task][rows], count, settings.balance) for task, count in classes.items()
    }
    body = [p for name, p in network.named_parameters() if not name.startswith("heads.")]
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in body if p.ndim > 1], "lr": settings.rate, "weight_decay": settings.decay},
            {"params": [p for p in body if p.ndim < 2], "lr": settings.rate, "weight_decay": 0.0},
            {"params": network.heads.parameters(), "lr": settings.head_rate, "weight_decay": 0.0},
        ]
    )
    steps = settings.epochs * math.ceil(len(rows) / settings.batch)
    warm = max(1, int(WARM * steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))
    )
    lengths = np.array([len(ids[row]) for row in rows])
    network.train()
    for _ in range(settings.epochs):
        # Alike in length, so that little is padded, yet not the same batches in every epoch.
        batches = _batches(lengths + draw.random(len(rows)) * 4, settings.batch)
        draw.shuffle(batches)
        for batch in batches:
            chosen = rows[batch]
            logits = network(*_padded([ids[row] for row in chosen]))
            loss = torch.zeros(())
            for task, values in logits.items():
                truth = torch.from_numpy(labels[task][chosen].astype(np.int64))
                known = truth >= 0
                if known.any():
                    own = nn.functional.cross_entropy(values[known], truth[known], reduction="none")
                    loss = loss + getattr(settings.shares, task) * (own * weights[task][truth[known]]).mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        progress()
    network.eval()
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


def _balanced(labels: np.ndarray, classes: int, power: float) -> torch.Tensor:
    """Weights of the classes: frequencies to the power of minus `power`, one in the mean of the rows."""
    known = labels[labels >= 0]
    frequency = np.bincount(known, minlength=classes) / max(1, len(known))
    raw = np.where(frequency > 0, frequency, 1.0) ** -power
    return torch.tensor(raw / (raw * frequency).sum(), dtype=torch.float32)
