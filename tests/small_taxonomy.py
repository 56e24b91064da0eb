"""A small invented taxonomy."""

from ticket_triage.taxonomy import Taxonomy


def make(**changes: object) -> Taxonomy:
    """Two serious categories and a light one, with words of alarm."""
    place = {"department": "General", "team": "desk"}
    content = {
        "name": "small",
        "departments": ["General"],
        "teams": ["desk"],
        "urgency_words": ["right now"],
        "safety_words": ["smoke"],
        "categories": [
            {
                "label": "billing",
                "base_priority": "medium",
                "keywords": ["refund", "charged twice"],
                "patterns": [r"\$\d", "remboursement"],
                **place,
            },
            {"label": "delivery", "base_priority": "medium", "keywords": ["parcel", "colis"], **place},
            {"label": "praise", "base_priority": "low", "keywords": ["thank you"], **place},
        ],
    }
    return Taxonomy.model_validate({**content, **changes})
