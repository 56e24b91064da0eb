"""Each route once: what it takes and gives, who may use it, and every way in which it fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from pydantic import BaseModel

from ticket_triage.feedback.records import Correction, Feedback
from ticket_triage.schema import Explain, Prediction, Ticket
from ticket_triage.serving import access, contract, examples

JSON, LINES, TEXT, PAGE = "application/json", "application/x-ndjson", "text/plain", "text/html"

EXPLAIN = {
    "name": "explain",
    "in": "query",
    "description": "`full` also fills `effects`: each word is left out in turn, which takes a prediction for each.",
    "schema": {"type": "string", "enum": list(get_args(Explain)), "default": "short"},
}
PREDICTION_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "`prediction_id` of an answer",
    "schema": {"type": "string"},
    "example": examples.PREDICTION.prediction_id,
}


@dataclass(frozen=True)
class Operation:
    """One method of one path; `fails` are the statuses beyond those that all such operations have."""

    method: Literal["get", "post"]
    path: str
    name: str
    summary: str
    gives: type[BaseModel] | None
    example: BaseModel | str
    kind: str = JSON
    takes: type[BaseModel] | None = None
    body: BaseModel | str | None = None
    body_kind: str = JSON
    parameters: tuple[dict[str, Any], ...] = ()
    fails: tuple[int, ...] = ()
    status: int = 200
    also: Mapping[int, str] = field(default_factory=dict)  # other good statuses, and when

    @property
    def failures(self) -> list[int]:
        """Every status but the good one."""
        found = {*self.fails, 500}
        if self.role:
            found |= {401, 403, 429, 503, 504}
        if self.method == "post":
            found |= {400, 408, 413, 415}
        return sorted(found)

    @property
    def role(self) -> str | None:
        """What a key must be allowed to do; None: no key is asked for."""
        return access.role(self.path)


def _predict(path: str, name: str) -> Operation:
    return Operation(
        "post",
        path,
        name,
        "Category, priority, decision and reasons for one ticket",
        Prediction,
        examples.PREDICTION,
        takes=Ticket,
        body=examples.TICKET,
        parameters=(EXPLAIN,),
    )


_LINE = examples.TICKET.model_dump_json(exclude_none=True) + "\n"
OPERATIONS = (
    _predict("/predict-ticket", "predict_ticket"),
    _predict("/predict", "predict"),
    Operation(
        "post",
        "/predict/batch",
        "predict_batch",
        "Up to 1,000 tickets at once: a prediction for each, or what is wrong with it, in their order",
        contract.Results,
        contract.Results(results=[examples.PREDICTION, contract.Error(error="`text` is missing")]),
        takes=contract.Batch,
        body=contract.Batch(tickets=[examples.TICKET]),
    ),
    Operation(
        "post",
        "/predict/stream",
        "predict_stream",
        "Any number of tickets as JSON lines: a line with the prediction, or what is wrong, for each as it comes",
        None,
        examples.PREDICTION.model_dump_json() + "\n",
        kind=LINES,
        body=_LINE,
        body_kind=LINES,
    ),
    Operation(
        "post",
        "/feedback",
        "feedback",
        "What the labels of a prediction should have been",
        Correction,
        examples.CORRECTION,
        takes=Feedback,
        body=examples.FEEDBACK,
        fails=(404, 422),
        status=201,
        also={
            202: "kept unseen: the database does not answer, so nobody knows here whether there is such a prediction"
        },
    ),
    Operation(
        "get",
        "/predictions/{id}",
        "prediction",
        "What was answered, by what, to which masked ticket, and how it was corrected",
        contract.Logged,
        examples.LOGGED,
        parameters=(PREDICTION_ID,),
        fails=(404,),
    ),
    Operation(
        "post",
        "/replay/{id}",
        "replay",
        "The logged ticket answered again by the same version",
        contract.Replayed,
        examples.REPLAYED,
        parameters=(PREDICTION_ID,),
        fails=(404, 410),
    ),
    Operation(
        "get",
        "/model",
        "model",
        "Which version answers, what it can say, what it was worth, and whether it proved itself",
        contract.Description,
        examples.DESCRIPTION,
    ),
    Operation(
        "get",
        "/taxonomy",
        "taxonomy",
        "The labels that can be given, and to whom they go",
        contract.TaxonomyDescription,
        examples.TAXONOMY,
    ),
    Operation(
        "get",
        "/rollout",
        "rollout",
        "Who answers, and what the guard sees of a challenger",
        contract.RolloutState,
        examples.ROLLOUT,
    ),
    Operation("get", "/livez", "livez", "The process answers", contract.Alive, contract.Alive()),
    Operation("get", "/healthz", "healthz", "The process answers", contract.Alive, contract.Alive()),
    Operation(
        "get",
        "/readyz",
        "readyz",
        "The model gave its canary tickets the right answers; and what behind the service does not work",
        contract.Readiness,
        examples.READINESS,
        fails=(503,),
    ),
    Operation(
        "get",
        "/metrics",
        "metrics",
        "Figures in Prometheus' text format",
        None,
        "# HELP ticket_triage_cache_lookups_total Answers looked for in the cache.\n"
        "# TYPE ticket_triage_cache_lookups_total counter\n"
        'ticket_triage_cache_lookups_total{result="hit"} 3.0\n',
        kind=TEXT,
    ),
    Operation("get", "/docs.json", "document", "This document", None, "{}", kind=JSON),
    Operation("get", "/", "page", "This document as a page", None, "<!doctype html>", kind=PAGE),
)
