"""Which tickets a challenger answers: the same ones each time, in every worker and on every machine."""

import hashlib


def place(rollout: str, unit: str) -> float:
    """A unit's place in [0, 1), uniform over units and independent between rollouts: BLAKE2b keyed by the rollout."""
    digest = hashlib.blake2b(unit.encode("utf-8", "surrogatepass"), key=rollout.encode()[:64], digest_size=8)
    # 53 bits, all that a float holds: 64 could round up to 1.
    return (int.from_bytes(digest.digest()) >> 11) / 2**53


def chosen(rollout: str, unit: str, share: float) -> bool:
    """Whether a unit (a customer's pseudonym, else the prediction's id) is among the `share`.

    Whoever is in a smaller share is in every larger one of the same rollout.
    """
    return place(rollout, unit) < share


def beside(prediction_id: str, share: float) -> bool:
    """Whether the other model answers this ticket too, unseen; independent of who answers it."""
    return place("beside", prediction_id) < share
