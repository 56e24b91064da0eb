"""The trees of LightGBM, XGBoost and scikit-learn as arrays of nodes, read from what they save."""

import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

_LIGHTGBM_FIELDS = {
    "split_feature": np.int64,
    "threshold": np.float64,
    "left_child": np.int64,
    "right_child": np.int64,
    "leaf_value": np.float64,
    "leaf_count": np.float64,
    "internal_count": np.float64,
}


@dataclass(frozen=True)
class Tree:
    """One tree; node 0 is its root, and a leaf's children are itself.

    Attributes:
        feature: column that a node asks about.
        threshold: a value above it goes right.
        value: of a leaf what it says, of other nodes the mean of their leaves by the training rows that came there,
            which is what the tree says of a row of which nothing more is known; shape (nodes,) or (nodes, classes).
        absent_left: where a value that is absent goes; None: it is a zero.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    absent_left: np.ndarray | None = None

    @property
    def depth(self) -> int:
        """Levels below the root."""
        levels, here = 0, np.array([0])
        while len(here := here[self.left[here] != here]):
            here = np.concatenate([self.left[here], self.right[here]])
            levels += 1
        return levels


def of_lightgbm(text: str) -> list[Tree] | None:
    """The trees of LightGBM's model file; None where they ask questions that are not of numbers."""
    found = []
    for part in text.split("\nTree=")[1:]:
        lines = dict(line.split("=", 1) for line in part.splitlines()[1:] if "=" in line)
        if int(lines["num_cat"]) or lines.get("is_linear", "0") != "0":
            return None
        if int(lines["num_leaves"]) == 1:
            found.append(_leaf(float(lines["leaf_value"])))
            continue
        field = {name: np.array(lines[name].split(), dtype=kind) for name, kind in _LIGHTGBM_FIELDS.items()}
        if any(
            int(kind) >> 2 & 3 == 1 for kind in lines["decision_type"].split()
        ):  # zeros are taken for unknown
            return None
        inner = len(field["split_feature"])
        # Leaves follow the inner nodes; the file counts them -1, -2, ...
        left, right = (
            np.where(side >= 0, side, inner - side - 1)
            for side in (field["left_child"], field["right_child"])
        )
        leaves = np.arange(inner, inner + len(field["leaf_value"]))
        left, right = np.concatenate([left, leaves]), np.concatenate([right, leaves])
        zeros = np.zeros(len(leaves))
        cover = np.concatenate([field["internal_count"], field["leaf_count"]])
        found.append(
            Tree(
                feature=np.concatenate([field["split_feature"], zeros.astype(np.int64)]),
                threshold=np.concatenate([field["threshold"], zeros]),
                left=left,
                right=right,
                value=_means(left, right, np.concatenate([np.zeros(inner), field["leaf_value"]]), cover),
            )
        )
    return found


def of_xgboost(model: bytes) -> tuple[list[Tree], np.ndarray, np.ndarray]:
    """(trees, the class of each, what is added to each class's score) of XGBoost's model as JSON."""
    learner = json.loads(model)["learner"]
    made = learner["gradient_booster"]["model"]
    found = []
    for tree in made["trees"]:
        left, right = (np.array(tree[f"{side}_children"]) for side in ("left", "right"))
        leaf = left < 0
        own = np.arange(len(left))
        left, right = np.where(leaf, own, left), np.where(leaf, own, right)
        condition = np.array(tree["split_conditions"], dtype=np.float32)
        found.append(
            Tree(
                feature=np.array(tree["split_indices"], dtype=np.int64),
                # There it goes right what is not below; here what is above the number before.
                threshold=np.nextafter(condition, np.float32(-np.inf)).astype(np.float64),
                left=left,
                right=right,
                value=_means(left, right, np.where(leaf, condition, 0), np.array(tree["sum_hessian"])),
                absent_left=np.array(tree["default_left"], dtype=bool),
            )
        )
    base = np.array(
        [float(number) for number in re.findall(r"[-+.\deE]+", learner["learner_model_param"]["base_score"])],
        dtype=np.float32,
    )
    if learner["objective"]["name"] == "binary:logistic":
        base = -np.log(np.float32(1) / base - np.float32(1))
    return found, np.array(made["tree_info"]), base


def of_sklearn(tree: Any) -> Tree:
    """The `tree_` of a scikit-learn classifier; its values are shares of the classes."""
    own = np.arange(tree.node_count)
    leaf = tree.children_left < 0
    return Tree(
        feature=np.where(leaf, 0, tree.feature),
        threshold=np.where(leaf, 0.0, tree.threshold),
        left=np.where(leaf, own, tree.children_left),
        right=np.where(leaf, own, tree.children_right),
        value=tree.value[:, 0, :],
    )


def _leaf(value: float) -> Tree:
    zero = np.zeros(1, dtype=np.int64)
    return Tree(zero, np.zeros(1), zero, zero, np.array([value]))


def _means(left: np.ndarray, right: np.ndarray, value: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """Values of the inner nodes from those of the leaves, by cover."""
    found = value.astype(np.float64)

    order, here = [0], 0
    while here < len(order):  # parents before children
        node = order[here]
        if left[node] != node:
            order += [int(left[node]), int(right[node])]
        here += 1
    for node in reversed(order):
        one, other = left[node], right[node]
        if one != node:
            whole = cover[one] + cover[other]
            found[node] = (
                (cover[one] * found[one] + cover[other] * found[other]) / whole
                if whole
                else (found[one] + found[other]) / 2
            )
    return found
