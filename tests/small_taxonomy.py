"""A small invented taxonomy."""

import small_model

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


def of_words() -> Taxonomy:
    """The categories of `small_model`, of whose words half are keywords and half an example."""
    words = {label: listed.split() for label, listed in small_model.WORDS.items()}
    categories = [
        {
            "label": label,
            "department": "General",
            "team": "desk",
            "base_priority": "low" if label == "praise" else "medium",
            "keywords": listed[:4],
            "examples": [" ".join(listed[4:])],
        }
        for label, listed in words.items()
    ]
    return make(urgency_words=small_model.URGENT.split(), safety_words=(), categories=categories)
