"""What each word does to an answer: every word is left out in turn, and the whole model is asked again.

The only way to see into an encoder here (occlusion: Zeiler and Fergus, Visualizing and Understanding Convolutional
Networks, 2014), at the price of a prediction for each word.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ticket_triage import features
from ticket_triage.schema import TASKS

if TYPE_CHECKING:
    from ticket_triage.models.single import Single

WORDS = 60  # the first so many are left out; a tweet has a third of them


def effects(
    single: "Single", ticket: Mapping[str, Any], answer: Mapping[str, Any], most: int
) -> list[dict[str, Any]]:
    """The words that the answer depends on most, at most so many for each task, strongest first.

    Args:
        ticket: as `Single.answer` takes it.
        answer: what that gave; its labels are explained.

    Returns:
        `task`, `word` (masked) and `change`: by how much the probability of the label is higher with the word.
    """
    words = features.masked(ticket).split()
    whole = single.probabilities(_saying(ticket, words))
    without = [
        single.probabilities(_saying(ticket, words[:n] + words[n + 1 :])) for n in range(len(words[:WORDS]))
    ]
    found: list[dict[str, Any]] = []
    for task in TASKS:
        if task not in whole:
            continue
        label = single.classes[task].index(answer[task])
        changes = [whole[task][label] - rest[task][label] for rest in without]
        order = sorted(range(len(changes)), key=lambda n: -abs(changes[n]))[:most]
        found += [
            {"task": task, "word": words[n], "change": round(changes[n], 4)}
            for n in order
            if round(changes[n], 4)
        ]
    return found


def _saying(ticket: Mapping[str, Any], words: list[str]) -> dict[str, Any]:
    return {**ticket, "subject": None, "text": " ".join(words)}
