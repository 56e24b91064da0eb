"""What a model says of itself to who asks the service."""

from collections.abc import Sequence

from ticket_triage.schema import PRIORITIES
from ticket_triage.serving.contract import (
    Canaries,
    CategoryRoute,
    Description,
    TaxonomyDescription,
    TaxonomyRef,
)
from ticket_triage.serving.predictor import Predictor


def describe(predictor: Predictor | None, faults: Sequence[str]) -> Description:
    """The version that answers, if any, and what keeps it from it: a sentence for each canary that it failed."""
    if predictor is None:
        return Description(ready=False, faults=tuple(faults))
    model = predictor.model
    canaries = len(model.canaries)
    return Description(
        **predictor.ref.model_dump(),
        ready=not faults,
        faults=tuple(faults),
        canaries=Canaries(tickets=canaries, passed=max(0, canaries - len(faults))),
        classes=model.classes,
        thresholds=model.thresholds,
        taxonomy=TaxonomyRef(name=model.taxonomy.name, digest=model.taxonomy.digest),
        metrics=predictor.measured,
    )


def taxonomy(predictor: Predictor) -> TaxonomyDescription:
    """The labels that a model can give, and to whom they go."""
    known = predictor.model.taxonomy
    return TaxonomyDescription(
        name=known.name,
        digest=known.digest,
        categories=tuple(
            CategoryRoute(**{name: getattr(category, name) for name in CategoryRoute.model_fields})
            for category in known.categories
        ),
        priorities=PRIORITIES,
        departments=known.departments,
        teams=known.teams,
    )
