"""The ONNX graph says what BERT's published formulas say."""

import numpy as np
import onnxruntime
import pytest
import small_encoder
from scipy.special import erf, softmax

from ticket_triage.models import graph

WEIGHTS = small_encoder.weights(60)


def run(data: bytes, ids: list[int]) -> np.ndarray:
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"ids": np.array([ids], dtype=np.int64)})[0])


def by_hand(ids: list[int]) -> np.ndarray:
    """Devlin et al. 2019, with the mean of the last states, in NumPy and one head at a time."""

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return x @ WEIGHTS[f"{name}.weight"].T + WEIGHTS[f"{name}.bias"]

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        flat = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return flat * WEIGHTS[f"{name}.weight"] + WEIGHTS[f"{name}.bias"]

    x = (
        WEIGHTS["embeddings.word_embeddings.weight"][ids]
        + WEIGHTS["embeddings.token_type_embeddings.weight"][0]
    )
    x = norm(x + WEIGHTS["embeddings.position_embeddings.weight"][: len(ids)], "embeddings.LayerNorm")
    width = small_encoder.SIZE // small_encoder.HEADS
    for number in range(small_encoder.LAYERS):
        layer = f"encoder.layer.{number}"
        query, key, value = (dense(x, f"{layer}.attention.self.{name}") for name in ("query", "key", "value"))
        seen = []
        for head in range(small_encoder.HEADS):
            own = slice(head * width, (head + 1) * width)
            attention = softmax(query[:, own] @ key[:, own].T / np.sqrt(width), axis=-1)
            seen.append(attention @ value[:, own])
        x = norm(
            x + dense(np.concatenate(seen, -1), f"{layer}.attention.output.dense"),
            f"{layer}.attention.output.LayerNorm",
        )
        inner = dense(x, f"{layer}.intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / np.sqrt(2)))
        x = norm(x + dense(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    return np.asarray(x.mean(0))


@pytest.mark.parametrize("ids", [[2, 3], [2, 10, 11, 12, 3], list(range(2, 60))])
def test_it_is_bert(ids: list[int]) -> None:
    expected = by_hand(ids)
    assert run(graph.build(WEIGHTS, small_encoder.CONFIG, unit=False), ids)[0] == pytest.approx(
        expected, abs=1e-5
    )
    unit = run(graph.build(WEIGHTS, small_encoder.CONFIG, unit=True), ids)[0]
    assert unit == pytest.approx(expected / np.linalg.norm(expected), abs=1e-5)


def test_eight_bits_are_smaller_and_say_nearly_the_same_and_the_same_bytes_come_of_the_same_weights() -> None:
    exact = graph.build(WEIGHTS, small_encoder.CONFIG, unit=True)
    small = graph.quantise(exact)
    assert len(small) < 0.6 * len(exact)
    assert small == graph.quantise(graph.build(WEIGHTS, small_encoder.CONFIG, unit=True))
    ids = [2, 10, 11, 12, 3]
    assert (run(exact, ids) * run(small, ids)).sum() > 0.98
