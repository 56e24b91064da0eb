"""A small BERT with drawn weights, written as encoders are published."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from ticket_triage.files import sha256
from ticket_triage.models.pretrained import WEIGHTS

SIZE, HEADS, LAYERS, INNER, PLACES = 32, 4, 2, 64, 128
CONFIG = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": SIZE,
    "num_attention_heads": HEADS,
    "num_hidden_layers": LAYERS,
    "intermediate_size": INNER,
    "layer_norm_eps": 1e-12,
}
WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    *map(chr, range(97, 123)),
    *(f"##{chr(n)}" for n in range(97, 123)),
]


def weights(words: int, seed: int = 0) -> dict[str, np.ndarray]:
    """By the names of a BertModel."""
    drawn = np.random.default_rng(seed)

    def some(*shape: int, scale: float = 0.1) -> np.ndarray:
        return drawn.normal(0, scale, shape).astype(np.float32)

    found = {
        "embeddings.word_embeddings.weight": some(words, SIZE, scale=1),
        "embeddings.position_embeddings.weight": some(PLACES, SIZE),
        "embeddings.token_type_embeddings.weight": some(2, SIZE),
        "embeddings.LayerNorm.weight": 1 + some(SIZE),
        "embeddings.LayerNorm.bias": some(SIZE),
    }
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        shapes = {f"attention.self.{name}": (SIZE, SIZE) for name in ("query", "key", "value")}
        shapes |= {"attention.output.dense": (SIZE, SIZE), "intermediate.dense": (INNER, SIZE)}
        shapes |= {"output.dense": (SIZE, INNER)}
        for name, shape in shapes.items():
            found |= {f"{layer}.{name}.weight": some(*shape), f"{layer}.{name}.bias": some(shape[0])}
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            found |= {f"{layer}.{name}.weight": 1 + some(SIZE), f"{layer}.{name}.bias": some(SIZE)}
    return found


def write(folder: Path, words: list[str] | None = None) -> str:
    """Write the encoder and return the hash of its weights; `words` are known whole, others by their letters."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = [*WORDS, *(words or [])]
    tokenizer = Tokenizer(models.WordPiece({word: n for n, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps(CONFIG))
    save_file(weights(len(vocabulary)), folder / WEIGHTS)
    return sha256(folder / WEIGHTS)
