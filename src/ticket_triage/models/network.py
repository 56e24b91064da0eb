"""An encoder of the BERT family as a network of PyTorch, with a head for each task on the mean of its states."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn

from ticket_triage.models.pretrained import Pretrained

DROPOUT = 0.1


def read(pretrained: Pretrained, texts: Sequence[str], tokens: int) -> list[list[int]]:
    """Token ids of each text, of the first `tokens`."""
    tokenizer = Tokenizer.from_str(pretrained.tokenizer)
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens)
    return [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]


class Network(nn.Module):  # type: ignore[misc]  # PyTorch is no part of the environment that is checked
    """Read from `pretrained`; PyTorch's own encoder layers are BERT's, under other names. Heads are drawn."""

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
        """Scores of each task's classes; shape (texts, classes)."""
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


def predict(network: Network, ids: Sequence[Sequence[int]], size: int) -> dict[str, np.ndarray]:
    """Probabilities of each task's classes, `size` texts at a time."""
    found = {task: np.zeros((len(ids), head.out_features)) for task, head in network.heads.items()}
    with torch.no_grad():
        for batch in batches(np.array(list(map(len, ids))), size):
            for task, values in network(*padded([ids[row] for row in batch])).items():
                found[task][batch] = torch.softmax(values, dim=-1).numpy()
    return found


def batches(lengths: np.ndarray, size: int) -> list[np.ndarray]:
    """Rows in batches of `size`, alike in length."""
    order = np.argsort(lengths, kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]


def padded(ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Shape (rows, longest): the ids, and which of them are none of the padding."""
    width = max(map(len, ids))
    table = np.zeros((len(ids), width), dtype=np.int64)
    mask = np.zeros((len(ids), width), dtype=bool)
    for row, one in enumerate(ids):
        table[row, : len(one)] = one
        mask[row, : len(one)] = True
    return torch.from_numpy(table), torch.from_numpy(mask)
