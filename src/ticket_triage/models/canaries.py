"""Tickets with the answers that a model must give before it serves."""

from collections.abc import Mapping
from typing import Any


def faults(canary: Mapping[str, Any], got: Mapping[Any, tuple[Any, float]]) -> list[str]:
    """A sentence for each task in which a canary ticket did not get the label and the confidence that it must get."""
    return [
        f"canary {canary['name']}: {task} is {got[task]}, expected {label} {confidence}"
        for task, (label, confidence) in canary["expected"].items()
        if got[task][0] != label or abs(got[task][1] - confidence) > 1e-3
    ]
