"""The only feature code: stateless, row by row, the same in training and in serving."""

from ticket_triage.features.build import Features, build, masked, one, spoken
from ticket_triage.features.names import CALENDAR, CATEGORICAL, DESCRIPTIONS, NUMERIC, TEXT, UNKNOWN

__all__ = [
    "CALENDAR",
    "CATEGORICAL",
    "DESCRIPTIONS",
    "NUMERIC",
    "TEXT",
    "UNKNOWN",
    "Features",
    "build",
    "masked",
    "one",
    "spoken",
]
