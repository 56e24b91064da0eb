"""OpenTelemetry traces, where somebody collects them; where not, nothing is imported."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from typing import Any

_NOTHING = nullcontext()


class Untraced:
    """Nobody collects."""

    def span(self, name: str) -> AbstractContextManager[Any]:
        """Nothing, around a piece of work."""
        return _NOTHING

    def request(self, name: str, headers: Mapping[str, str]) -> AbstractContextManager[Any]:
        """Nothing, around a request."""
        return _NOTHING

    def ended(self, span: Any, status: int, **facts: str) -> None:
        """Nothing to be said of a request that is over."""

    def close(self) -> None:
        """Nothing to be sent."""


class Traces(Untraced):
    """Sends spans to a collector over HTTP, in batches, from a thread; what it cannot send is dropped.

    No span holds a word of a ticket or what an exception says.

    Args:
        endpoint: such as http://collector:4318; OpenTelemetry reads OTEL_SERVICE_NAME, OTEL_EXPORTER_OTLP_HEADERS,
            OTEL_TRACES_SAMPLER and its other variables itself.
    """

    def __init__(self, endpoint: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        named = Resource.create({"service.name": "ticket-triage"}).merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=named, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=5)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("ticket_triage")
        self._parent = TraceContextTextMapPropagator()

    def span(self, name: str) -> AbstractContextManager[Any]:
        """A span around a piece of work, below the one that is open."""
        return self._tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False)

    def request(self, name: str, headers: Mapping[str, str]) -> AbstractContextManager[Any]:
        """A span around a request, below the caller's where `traceparent` names one."""
        from opentelemetry.trace import SpanKind

        return self._tracer.start_as_current_span(
            name,
            self._parent.extract(headers),
            SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        )

    def ended(self, span: Any, status: int, **facts: str) -> None:
        """Say of a request's span how the request ended."""
        from opentelemetry.trace import StatusCode

        span.set_attributes({"http.response.status_code": status, **facts})
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            span.set_status(StatusCode.ERROR)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def to(endpoint: str | None) -> Untraced:
    """Traces to an endpoint, or none."""
    return Traces(endpoint) if endpoint else Untraced()
