"""Which traces are recorded: a share of the documents, and whatever comes of them."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes


class LinkedOrShare(Sampler):
    """Samples a trace that begins with links to sampled ones, and of the others a share.

    A window or an alert comes of many documents, and begins a trace of its own: it is worth recording if one of them
    was.

    >>> LinkedOrShare(0.5).get_description()
    'LinkedOrShare{0.5}'
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._of_share = TraceIdRatioBased(share)
        self._all = TraceIdRatioBased(1.0)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Return whether the span is recorded."""
        is_linked = any(link.context.trace_flags.sampled for link in links or ())
        sampler = self._all if is_linked else self._of_share
        return sampler.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """Return it for people."""
        return f"LinkedOrShare{{{self._share:g}}}"
