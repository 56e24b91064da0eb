"""The fitted parts of a saved model, each read when it is first asked for."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ticket_triage.models import manifest


class Parts(Mapping[str, Any]):
    """Fitted objects by name. What is read late is held against the manifest once more.

    Args:
        files: of each, below `folder`.
    """

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self._folder, self._files = folder, files
        self._read: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """See the class.

        Raises:
            TriageError: the file is missing, was changed, or asks for a type that is not trusted.
        """
        if name not in self._read:
            # Brings scikit-learn and the trees.
            from ticket_triage.models import families

            file = self._files[name]
            manifest.check(self._folder, file)
            self._read.setdefault(name, families.load(self._folder / file))
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)
