"""Follows alerts to their receivers, which may have them long after the alert was taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, get_current_span, use_span

from pipeline.records import AlertRecord
from pipeline.tracing.remembered import Remembered
from pipeline.tracing.tracing import Tracing, headers_of

MAX_ALERTS = 20_000


class DeliveryTracing:
    """Each try is a span below that of the alert, and what is posted tells the receiver its context."""

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing
        self._alerts: Remembered[str, SpanContext] = Remembered(MAX_ALERTS)

    def taken(self, message: Any, alert: AlertRecord) -> None:
        """Remember the trace of an alert that is queued for its receivers."""
        span = self._tracing.process(message)
        if span is not None:
            span.set_attributes({"finsurge.alert.id": alert.id, "finsurge.topic": alert.topic})
            self._alerts[alert.id] = span.get_span_context()
            span.end()

    @contextmanager
    def trying(self, receiver: str, alert: AlertRecord) -> Iterator[None]:
        """Have a span of one try; an error's message may hold an address, and is left out."""
        about = {"finsurge.alert.id": alert.id, "finsurge.receiver": receiver}
        parent = self._alerts.get(alert.id)
        span = (
            None
            if parent is None
            else self._tracing.within(parent, f"deliver {receiver}", kind=SpanKind.CLIENT, about=about)
        )
        if span is None:
            yield
            return
        with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def client_trace(self) -> aiohttp.TraceConfig:
        """Return what puts the current span's context into the headers of requests."""

        async def put(
            _: aiohttp.ClientSession, __: SimpleNamespace, request: aiohttp.TraceRequestStartParams
        ) -> None:
            span = get_current_span()
            if span.is_recording():
                request.headers.update({name: value.decode() for name, value in headers_of(span)})

        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(put)
        return trace
