"""What the experts' rules say of a ticket, as probabilities; the answer where no member of the vote can give one."""

from collections.abc import Mapping, Sequence

import numpy as np

from ticket_triage.labeling.functions import ALARMS, QUESTION, Finder
from ticket_triage.models import ensemble
from ticket_triage.schema import Frozen, Task
from ticket_triage.taxonomy import Taxonomy

_ALARM = "alarms"  # the weight that all kinds of alarm share


class Fallback(Frozen):
    """A task's answer by keywords and patterns alone, which needs nothing that can be missing but the taxonomy."""

    classes: tuple[str, ...]
    weights: dict[str, float]
    temperature: float = 1.0

    def predict_proba(self, taxonomy: Taxonomy, task: Task, texts: Sequence[str]) -> np.ndarray:
        """Probabilities for clean texts, shape (texts, classes)."""
        finder = Finder(taxonomy)
        pointed = points(finder.columns, taxonomy, task, self.classes, self.weights)
        return ensemble.temper(ensemble.heard(finder.find(texts) @ pointed.T), self.temperature)

    def calibrated(
        self, taxonomy: Taxonomy, task: Task, texts: Sequence[str], truth: np.ndarray
    ) -> "Fallback":
        """With the temperature of the least log-loss, where `truth` holds the classes' numbers."""
        guesses = self.predict_proba(taxonomy, task, texts)
        return self.model_copy(update={"temperature": ensemble.best_temperature(guesses, truth)})


def points(
    columns: Sequence[str],
    taxonomy: Taxonomy,
    task: Task,
    classes: Sequence[str],
    weights: Mapping[str, float],
) -> np.ndarray:
    """How strongly each column of rules speaks for each class, shape (classes, columns).

    Words of a category speak for it, or for its base priority; words of alarm for `high`, a question for `low`.

    Args:
        columns: `<kind>.<label>`, a kind of alarm, or `question`.
        weights: log-odds by kind.
    """
    base = {category.label: category.base_priority for category in taxonomy.categories}
    found = np.zeros((len(classes), len(columns)))
    for place, column in enumerate(columns):
        kind, _, label = column.partition(".")
        if label:
            # An example shows what a ticket is about, not how soon it must be answered.
            label = label if task == "category" else base[label] if kind != "neighbours" else ""
        elif task == "priority":
            label, kind = ("low", kind) if kind == QUESTION else ("high", _ALARM if kind in ALARMS else kind)
        if label in classes:
            found[list(classes).index(label), place] = weights[kind]
    return found
