"""An encoder's weights as an ONNX graph of eight-bit integers: needed to make a model, never to serve one."""

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

OPSET = 20  # the first with Gelu
Weights = Mapping[str, np.ndarray]


class _Graph:
    """Nodes and constants, each named by its number."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def dense(self, value: str, weights: Weights, *layers: str) -> str:
        """Linear layers side by side, as one product; PyTorch keeps their matrices transposed."""
        matrix = np.concatenate([weights[f"{layer}.weight"].T for layer in layers], axis=1)
        bias = np.concatenate([weights[f"{layer}.bias"] for layer in layers])
        return self.add("Add", self.add("MatMul", value, self.constant(matrix)), self.constant(bias))

    def norm(self, value: str, weights: Weights, layer: str, epsilon: float) -> str:
        scale, bias = (self.constant(weights[f"{layer}.{part}"]) for part in ("weight", "bias"))
        return self.add("LayerNormalization", value, scale, bias, axis=-1, epsilon=epsilon)


def build(weights: Weights, config: Mapping[str, Any], *, unit: bool) -> bytes:
    """The graph of a BERT encoder (Devlin et al., 2019) with the mean of its last states on top.

    Input `ids`, int64 of shape (1, tokens): one text, so that no other text has a part in its answer. Output
    `vector`, float32 of shape (1, hidden size).

    Args:
        weights: by the names that `transformers` gives them in a BertModel.
        config: `hidden_size`, `num_attention_heads`, `num_hidden_layers`, `layer_norm_eps`.
        unit: bring the vector to length one, for which sentence encoders are made.
    """
    size, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
    epsilon, width = float(config["layer_norm_eps"]), size // heads
    graph = _Graph()
    zero, one = (graph.constant(np.array([number], dtype=np.int64)) for number in (0, 1))
    length = graph.add("Shape", "ids", start=1, end=2)
    # All of a single text has the first token type.
    places = (
        weights["embeddings.position_embeddings.weight"]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    word = graph.add("Gather", graph.constant(weights["embeddings.word_embeddings.weight"]), "ids")
    place = graph.add("Slice", graph.constant(places), zero, length, zero)
    state = graph.norm(graph.add("Add", word, place), weights, "embeddings.LayerNorm", epsilon)
    split = graph.constant(np.array([1, -1, 3, heads, width], dtype=np.int64))
    joined = graph.constant(np.array([1, -1, size], dtype=np.int64))
    scale = graph.constant(np.array(width**-0.5, dtype=np.float32))
    for number in range(int(config["num_hidden_layers"])):
        layer = f"encoder.layer.{number}"
        own = f"{layer}.attention.self"
        three = graph.add(
            "Reshape", graph.dense(state, weights, f"{own}.query", f"{own}.key", f"{own}.value"), split
        )
        turned = graph.add("Transpose", three, perm=[2, 0, 3, 1, 4])  # (3, 1, heads, tokens, width)
        query, key, value = (
            graph.add("Gather", turned, graph.constant(np.array(part, dtype=np.int64)), axis=0)
            for part in range(3)
        )
        scores = graph.add(
            "MatMul", graph.add("Mul", query, scale), graph.add("Transpose", key, perm=[0, 1, 3, 2])
        )
        seen = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
        seen = graph.add("Reshape", graph.add("Transpose", seen, perm=[0, 2, 1, 3]), joined)
        seen = graph.dense(seen, weights, f"{layer}.attention.output.dense")
        state = graph.norm(
            graph.add("Add", state, seen), weights, f"{layer}.attention.output.LayerNorm", epsilon
        )
        inner = graph.add("Gelu", graph.dense(state, weights, f"{layer}.intermediate.dense"))
        inner = graph.dense(inner, weights, f"{layer}.output.dense")
        state = graph.norm(graph.add("Add", state, inner), weights, f"{layer}.output.LayerNorm", epsilon)
    mean = graph.add("ReduceMean", state, one, keepdims=0)
    last = {"op_type": "LpNormalization", "axis": -1, "p": 2} if unit else {"op_type": "Identity"}
    graph.nodes.append(helper.make_node(inputs=[mean], outputs=["vector"], **last))
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "encoder",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "tokens"])],
            [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, size])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=10,
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def quantise(graph: bytes) -> bytes:
    """The graph with its matrices as eight-bit integers, a scale for each column: a quarter of the size."""
    with tempfile.TemporaryDirectory() as room:
        given, made = Path(room) / "given.onnx", Path(room) / "made.onnx"
        given.write_bytes(graph)
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)  # it recommends a preparation that these graphs do not need
        try:
            quantize_dynamic(given, made, per_channel=True, weight_type=QuantType.QInt8)
        finally:
            logging.disable(before)
        return made.read_bytes()
