"""What both clients do alike: requests made of arguments, answers read, the pause before another try."""

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Generic, Literal, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from ticket_triage_client.errors import NoAnswer, ServiceError
from ticket_triage_client.models import (
    Correction,
    Description,
    Failure,
    Logged,
    Prediction,
    Readiness,
    Replayed,
    TaxonomyDescription,
    Ticket,
)

T = TypeVar("T", bound=BaseModel)
Given = str | Ticket | Mapping[str, Any]
Explain = Literal["short", "full"]
BATCH = 100  # tickets of a request: a second or two, well within the time-out; the service takes 1,000
PORTION = 50  # of a stream: half a second, and little enough to be held
FULL = (429, 503)  # the request was not done, and may be soon
LONGEST = 30.0  # seconds between two tries


class Results(BaseModel):
    """The answer to a batch."""

    results: list[Prediction | Failure]


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request and what its answer is; one that is not `repeatable` is not sent again when nobody knows if it came."""

    answer: type[T]
    method: str
    path: str
    body: Any = None
    params: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True


def ticket(given: Given) -> dict[str, Any]:
    """A ticket as it is sent; a plain string is its text."""
    if isinstance(given, str):
        return {"text": given}
    made = given if isinstance(given, Ticket) else Ticket.model_validate(given)
    return made.model_dump(mode="json", exclude_none=True)


def predict(given: Given, explain: Explain) -> Call[Prediction]:
    """One ticket."""
    params = {} if explain == "short" else {"explain": explain}
    return Call(Prediction, "POST", "/predict-ticket", ticket(given), params)


def batch(given: Iterable[Given]) -> Call[Results]:
    """Several tickets at once."""
    return Call(Results, "POST", "/predict/batch", {"tickets": [ticket(one) for one in given]})


def portions(given: Iterable[Given], size: int) -> Iterator[list[Given]]:
    """All that is given, `size` at a time, taken when it is asked for."""
    rest = iter(given)
    while part := list(islice(rest, size)):
        yield part


def feedback(prediction_id: str, **said: str | None) -> Call[Correction]:
    """A correction; sent twice it would be kept twice."""
    body = {
        "prediction_id": prediction_id,
        **{name: value for name, value in said.items() if value is not None},
    }
    return Call(Correction, "POST", "/feedback", body, repeatable=False)


def prediction(prediction_id: str) -> Call[Logged]:
    """A decision of the log."""
    return Call(Logged, "GET", f"/predictions/{_segment(prediction_id)}")


def replay(prediction_id: str) -> Call[Replayed]:
    """A decision made again."""
    return Call(Replayed, "POST", f"/replay/{_segment(prediction_id)}")


MODEL = Call(Description, "GET", "/model")
TAXONOMY = Call(TaxonomyDescription, "GET", "/taxonomy")
READY = Call(Readiness, "GET", "/readyz")


def _segment(prediction_id: str) -> str:
    if not prediction_id.replace("-", "").isalnum():
        raise ValueError("a prediction id is of letters, digits and hyphens")
    return prediction_id


def headers(key: str | None) -> dict[str, str]:
    """What each request carries."""
    return {"Authorization": f"Bearer {key}"} if key else {}


def refusal(response: httpx.Response) -> ServiceError | None:
    """Why a response is none of the answers that were hoped for."""
    if response.is_success:
        return None
    try:
        sentence = str(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        sentence = response.reason_phrase or "no reason was given"
    after = response.headers.get("retry-after", "")
    return ServiceError(
        response.status_code,
        sentence,
        float(after) if after.isdecimal() else None,
        response.headers.get("x-request-id"),
    )


def read(response: httpx.Response, answer: type[T]) -> T:
    """The typed answer.

    Raises:
        ServiceError: it is a refusal.
        NoAnswer: it is neither.
    """
    if (why := refusal(response)) is not None:
        raise why
    try:
        return answer.model_validate_json(response.content)
    except ValidationError as fault:
        raise NoAnswer("what came back is not of this service") from fault


def pause(tried: int, error: ServiceError | NoAnswer, call: Call[Any], first: float) -> float | None:
    """Seconds to wait before another try: doubling, with chance so that many callers do not come at once; None: raise.

    What is full is asked again, later if it says so; where nobody answered, only what may be done twice.
    """
    if isinstance(error, ServiceError) and error.status not in FULL:
        return None
    if isinstance(error, NoAnswer) and not (
        call.repeatable and isinstance(error.__cause__, httpx.TransportError)
    ):
        return None
    wait: float = min(first * 2.0**tried, LONGEST) * random.uniform(0.5, 1)
    asked = error.retry_after if isinstance(error, ServiceError) else None
    return max(wait, min(asked or 0, LONGEST))
