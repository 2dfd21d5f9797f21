"""Follows documents through the policy, which takes them in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry.trace import Span, Status, StatusCode, use_span

from pipeline.records import Decision
from pipeline.rejects import RecordRejected
from pipeline.tracing.tracing import Headers, Tracing, headers_of


class ReadTracing:
    """A document's span lasts from when it is taken until its decision is durable; a batch links to those in it."""

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing
        self._open: dict[tuple[Any, int], Span] = {}

    @contextmanager
    def reading(self, events: Sequence[Any]) -> Iterator[None]:
        """Have spans of the documents, and one of the batch meanwhile."""
        spans = []
        for event in events:
            span = self._tracing.process(event.message, may_begin=True)
            if span is not None:
                self._open[event.message.tp, event.message.offset] = span
                spans.append(span)
        links = [span.get_span_context() for span in spans]
        about = {"messaging.batch.message_count": len(events)}
        batch = self._tracing.within(None, "read batch", links=links, about=about)
        if batch is None:
            yield
            return
        with use_span(batch, end_on_exit=True, record_exception=False):
            yield

    def decided(self, message: Any, outcome: Decision | RecordRejected) -> Headers | None:
        """Return the headers of a document's decision."""
        span = self._open.get((message.tp, message.offset))
        if span is None:
            return None
        if isinstance(outcome, RecordRejected):
            span.set_status(Status(StatusCode.ERROR, outcome.reason.value))
            span.set_attribute("error.type", outcome.reason.value)
        else:
            span.set_attribute("finsurge.document.id", outcome.document_id)
            span.set_attribute("finsurge.policy.version", outcome.policy_version)
            span.set_attribute("finsurge.from_cache", outcome.from_cache)
        return headers_of(span)

    def settle(self, events: Sequence[Any]) -> None:
        """End the documents' spans: their decisions are durable."""
        for event in events:
            span = self._open.pop((event.message.tp, event.message.offset), None)
            if span is not None:
                span.end()
