"""The versions of a model that a worker has in memory."""

from collections import OrderedDict
from pathlib import Path

from ticket_triage.files import TriageError
from ticket_triage.schema import ModelRef
from ticket_triage.serving.predictor import Predictor, read_ref
from ticket_triage.serving.rollout.plan import Version


class Versions:
    """Loads versions and remembers them.

    Args:
        own: the model of the Bento, which always stays.
        challenger: folder of the Bento's challenger, where it has one.
        most: how many versions that no longer answer are kept, to replay what they said.
    """

    def __init__(self, own: Predictor, challenger: Path | None, most: int) -> None:
        self.own = own
        self._challenger = challenger if challenger and challenger.is_dir() else None
        self.own_challenger = read_ref(self._challenger) if self._challenger else None
        self._most = most
        self._using: tuple[Predictor, ...] = (own,)
        self._kept: OrderedDict[ModelRef, Predictor] = OrderedDict()

    def get(self, ref: ModelRef) -> Predictor | None:
        """Exactly this version, where it is in memory."""
        for one in (*self._using, self.own):
            if one.ref == ref:
                return one
        return self._kept.get(ref)

    def load(self, version: Version) -> Predictor:
        """A version that gave its canaries the right answers; the one in memory where it is there.

        Raises:
            TriageError: its files are missing or were changed, or its canaries got other answers.
        """
        if (known := self.get(version.ref)) is not None:
            return known
        folder = Path(version.folder) if version.folder else self._challenger
        if folder is None:
            raise TriageError("this Bento holds no challenger")
        found = Predictor.load(folder)
        if found.ref != version.ref:
            raise TriageError(f"{folder} holds version {found.ref.version} of {found.ref.name}")
        if faults := found.check():
            raise TriageError("; ".join(faults))
        return found

    def use(self, *predictors: Predictor) -> None:
        """These answer from now on; those that did are kept, the latest longest.

        Whoever still answers with one that is let go holds it until it has answered.
        """
        for left in self._using:
            if left not in (*predictors, self.own):
                self._kept[left.ref] = left
                self._kept.move_to_end(left.ref)
        self._using = predictors
        for one in predictors:
            self._kept.pop(one.ref, None)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
