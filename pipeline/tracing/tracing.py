"""Makes spans by the conventions for messaging, and carries their contexts in Kafka headers.

Knows no stage. An export that fails is logged by its library, in a thread of its own, and harms nothing else.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    format_span_id,
    format_trace_id,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from pipeline.settings import Settings
from pipeline.tracing.sampling import LinkedOrShare

Headers = list[tuple[str, bytes]]

CLOSE_DEADLINE_S = 5.0
MAX_LINKS = 64
"""of a span"""

_PROPAGATOR = TraceContextTextMapPropagator()
_FIELDS = frozenset(_PROPAGATOR.fields)
_NOTHING = Context()
_EMPTY: Mapping[str, AttributeValue] = {}


def new_tracing(settings: Settings, process: str) -> Tracing:
    """Return tracing that exports; `OTEL_SERVICE_NAME` names the service, or it is `finsurge-<process>`."""
    about = {"service.namespace": "finsurge", "service.instance.id": f"{socket.gethostname()}-{os.getpid()}"}
    if not os.environ.get("OTEL_SERVICE_NAME"):
        about["service.name"] = settings.group(process)
    return Tracing(settings, process, BatchSpanProcessor(OTLPSpanExporter()), Resource.create(about))


class Tracing:
    """The spans of one process.

    Args:
        settings: the share of documents, and names of Kafka topics and groups.
        process: a role, or another process's name.
        processor: is given what ended.
        resource: says who made the spans.

    >>> from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    >>> from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    >>> made = InMemorySpanExporter()
    >>> tracing = Tracing(Settings(trace_share=1.0), "ingest", SimpleSpanProcessor(made))
    >>> tracing.send("documents", "d-1").end()
    >>> made.get_finished_spans()[0].name
    'send documents'
    """

    def __init__(
        self, settings: Settings, process: str, processor: SpanProcessor, resource: Resource | None = None
    ) -> None:
        sampler = ParentBased(LinkedOrShare(settings.trace_share))
        self._provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("finsurge")
        self._group = settings.group(process)

    def send(self, kafka_topic: str, document: str) -> Span:
        """Begin the span of sending a document, with which its trace begins."""
        about = _messaging("send", kafka_topic) | {"finsurge.document.id": document}
        return self._tracer.start_span(f"send {kafka_topic}", _NOTHING, SpanKind.PRODUCER, about)

    def process(self, message: Any, *, may_begin: bool = False) -> Span | None:
        """Begin the span of a record's processing, as a child of what sent it.

        Args:
            message: the record.
            may_begin: whether a trace may begin here, where its sender began none.

        Returns:
            None where the record is not traced.
        """
        parent = context_in(message.headers)
        if parent is None and not may_begin:
            return None
        about = _messaging("process", message.topic) | {
            "messaging.destination.partition.id": str(message.partition),
            "messaging.kafka.offset": message.offset,
            "messaging.consumer.group.name": self._group,
        }
        name, context = f"process {message.topic}", _NOTHING if parent is None else set_span_in_context(parent)
        return _if_recording(self._tracer.start_span(name, context, SpanKind.CONSUMER, about))

    def within(
        self,
        parent: SpanContext | None,
        name: str,
        *,
        links: Iterable[SpanContext] = (),
        kind: SpanKind = SpanKind.INTERNAL,
        about: Mapping[str, AttributeValue] = _EMPTY,
    ) -> Span | None:
        """Begin a span below another one, or one of its own that links to others; None where none is traced."""
        linked = [Link(each) for each in links][:MAX_LINKS]
        if parent is None and not linked:
            return None
        context = _NOTHING if parent is None else set_span_in_context(_remote(parent))
        return _if_recording(self._tracer.start_span(name, context, kind, dict(about), linked))

    def headers_of(self, span: Span) -> Headers:
        """Return the Kafka headers that carry a span's context."""
        return headers_of(span)

    def current_ids(self) -> dict[str, str]:
        """Return the ids of the span that is current, for log lines."""
        context = get_current_span().get_span_context()
        if not context.is_valid:
            return {}
        return {"trace_id": format_trace_id(context.trace_id), "span_id": format_span_id(context.span_id)}

    def close(self) -> None:
        """Export what has ended, for some seconds at most: a collector that is down holds no process up."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSE_DEADLINE_S)


def headers_of(span: Span | SpanContext) -> Headers:
    """Return the Kafka headers that carry a span's context."""
    carrier: dict[str, str] = {}
    held = span if isinstance(span, Span) else _remote(span)
    _PROPAGATOR.inject(carrier, set_span_in_context(held, _NOTHING))
    return [(name, value.encode()) for name, value in carrier.items()]


def context_in(headers: Mapping[str, bytes] | Sequence[tuple[str, bytes]] | None) -> Span | None:
    """Return the sender's span that Kafka headers carry; what is malformed counts as none.

    >>> context_in([("traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01")]).get_span_context().is_remote
    True
    >>> context_in([("traceparent", b"00-nothing")]) is None
    True
    """
    if not headers:
        return None
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    carrier = {name: value.decode("latin-1") for name, value in pairs if name in _FIELDS and value is not None}
    if not carrier:
        return None
    span = get_current_span(_PROPAGATOR.extract(carrier, _NOTHING))
    return span if span.get_span_context().is_valid else None


def _messaging(operation: str, kafka_topic: str) -> dict[str, AttributeValue]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": kafka_topic,
    }


def _remote(context: SpanContext) -> Span:
    return NonRecordingSpan(context)


def _if_recording(span: Span) -> Span | None:
    return span if span.is_recording() else None
