"""Answers that were given before."""

from collections import OrderedDict
from typing import Any, Protocol


class Cache(Protocol):
    """Where answers are kept by the hash of what they follow from."""

    def get(self, key: str) -> dict[str, Any] | None:
        """The answer kept under the key, or None."""
        ...

    def put(self, key: str, answer: dict[str, Any]) -> None:
        """Keep an answer; may be lost at any time."""
        ...


class Recent:
    """The answers of this process that were asked for last, `size` at most."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._answers: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def get(self, key: str) -> dict[str, Any] | None:
        """The answer kept under the key, or None."""
        if (known := self._answers.get(key)) is not None:
            self._answers.move_to_end(key)
        return known

    def put(self, key: str, answer: dict[str, Any]) -> None:
        """Keep an answer, and forget the one that was not asked for the longest."""
        self._answers[key] = answer
        if len(self._answers) > self.size:
            self._answers.popitem(last=False)
