"""A client of the Ticket Triage service."""

from ticket_triage_client.asynchronous import AsyncTriageClient
from ticket_triage_client.errors import NoAnswer, ServiceError, TriageClientError
from ticket_triage_client.models import (
    Answer,
    Correction,
    Description,
    Failure,
    Logged,
    ModelRef,
    Prediction,
    Readiness,
    Replayed,
    TaxonomyDescription,
    Ticket,
)
from ticket_triage_client.synchronous import TriageClient

__all__ = [
    "Answer",
    "AsyncTriageClient",
    "Correction",
    "Description",
    "Failure",
    "Logged",
    "ModelRef",
    "NoAnswer",
    "Prediction",
    "Readiness",
    "Replayed",
    "ServiceError",
    "TaxonomyDescription",
    "Ticket",
    "TriageClient",
    "TriageClientError",
]
