"""The BentoML service around a `Predictor`; importing it loads no model."""

import logging
import os
from pathlib import Path
from typing import Any, cast

import bentoml
from bentoml.exceptions import ServiceUnavailable
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ticket_triage.files import TriageError
from ticket_triage.schema import Prediction, Question, Ticket
from ticket_triage.serving import openapi
from ticket_triage.serving.door import Door, guard_logs
from ticket_triage.serving.predictor import Predictor

BODY_LIMIT = int(os.environ.get("TICKET_TRIAGE_BODY_LIMIT", 256 * 1024))  # bytes
# In a Bento the code is at src/ticket_triage and the model at src/model.
MODEL = Path(os.environ.get("TICKET_TRIAGE_MODEL", Path(__file__).parents[2] / "model"))

logger = logging.getLogger("bentoml.ticket_triage")


async def _model(_: Request) -> Response:
    return JSONResponse(_running().describe())


async def _document(_: Request) -> Response:
    predictor = _running().predictor
    return JSONResponse(openapi.document(predictor.ref.version if predictor else "none"))


async def _page(_: Request) -> Response:
    return HTMLResponse(openapi.PAGE)


def _running() -> "TicketTriage":
    return cast("TicketTriage", bentoml.get_current_service())


# BentoML's own routes take POST alone; it answers /livez, /healthz, /readyz and /metrics itself.
_pages = Starlette(routes=[Route("/", _page), Route("/docs.json", _document), Route("/model", _model)])


class TicketTriage:
    """Category and priority of a support ticket, how sure that is, and where it goes."""

    def __init__(self) -> None:
        guard_logs()
        self.predictor: Predictor | None = None
        try:
            predictor = Predictor.load(MODEL)
            self.faults = predictor.check()
        except TriageError as error:
            self.faults = [str(error)]
        except Exception as error:
            # Whatever keeps a model from proving itself keeps it from serving; dying would only restart it.
            logger.exception("the model cannot be tried")
            self.faults = [f"the model cannot be tried: {type(error).__name__}"]
        else:
            self.predictor = predictor
        for fault in self.faults:
            logger.error("not ready: %s", fault)

    # BentoML publishes no types.
    @bentoml.api(route="/predict-ticket")  # type: ignore[untyped-decorator]
    def predict_ticket(self, ticket: Ticket, /, context: bentoml.Context) -> Prediction:
        """Category, priority, decision and reasons for one ticket; `?explain=full` leaves out each word in turn."""
        if self.predictor is None or self.faults:
            raise ServiceUnavailable("not ready")
        question = Question.model_validate(dict(context.request.query_params))
        return self.predictor.predict(ticket, question.explain)

    def describe(self) -> dict[str, Any]:
        """What answers here, what it can say, and what keeps it from being ready."""
        if self.predictor is None:
            return {"ready": False, "faults": self.faults}
        model = self.predictor.model
        return {
            **self.predictor.ref.model_dump(),
            "ready": not self.faults,
            "faults": self.faults,
            "canaries": len(model.canaries),
            "classes": model.classes,
            "thresholds": model.thresholds,
            "taxonomy": {"name": model.taxonomy.name, "digest": model.taxonomy.digest},
        }

    def __is_ready__(self) -> bool:
        return not self.faults


service = bentoml.service(name="ticket-triage", workers=1, traffic={"timeout": 30})(
    bentoml.asgi_app(_pages, path="/")(TicketTriage)
)
service.add_asgi_middleware(Door, limit=BODY_LIMIT)
