"""Follows records through link, trends and surges.

Where many become one (a window, an alert) a trace begins that links to theirs. Which context belongs to a mention
that waits is remembered in this process, and not in its state: when the process ends, those links are lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from opentelemetry.trace import Span, SpanContext
from opentelemetry.util.types import AttributeValue

from pipeline.candidates import EvidenceRecord
from pipeline.records import AlertRecord, Decision, Mention, TrendRecord
from pipeline.roles.faust_app import Role
from pipeline.stage import Outbound
from pipeline.tracing.remembered import Remembered
from pipeline.tracing.tracing import MAX_LINKS, Headers, Tracing, headers_of

MAX_TOPICS = 20_000
MAX_EVIDENCE = 20_000

AllHeaders = Sequence[Headers | None]
StoryKey = tuple[str, datetime, str | None]


class StageTracing(Protocol):
    """Follows what a stage does, chunk by chunk."""

    def follow(self, message: Any, record: Any, caused: Sequence[Outbound]) -> AllHeaders:
        """Return the headers of each record that this one caused."""

    def settle(self) -> None:
        """End the spans of a chunk: what it caused is durable."""


class _Following:
    """What the stages share."""

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing
        self._open: list[Span] = []

    def settle(self) -> None:
        """End the spans of a chunk."""
        for span in self._open:
            span.end()
        self._open.clear()

    def _begun(self, span: Span | None, about: Mapping[str, AttributeValue]) -> Span | None:
        if span is not None:
            span.set_attributes(about)
            self._open.append(span)
        return span


class LinkTracing(_Following):
    """A decision's mentions go on in its document's trace; marks belong to no document."""

    def follow(self, message: Any, record: Any, caused: Sequence[Outbound]) -> AllHeaders:
        """Return the headers of mentions."""
        span = self._tracing.process(message) if isinstance(record, Decision) else None
        if span is None:
            return [None] * len(caused)
        about = {"finsurge.document.id": record.document_id, "finsurge.policy.version": record.policy_version}
        self._begun(span, about)
        headers = headers_of(span)
        return [headers if isinstance(each.record, Mention) else None for each in caused]


@dataclass
class _Topic:
    stories: Remembered[StoryKey, SpanContext] = field(default_factory=lambda: Remembered(4 * MAX_LINKS))
    fresh: Remembered[StoryKey, SpanContext] = field(default_factory=lambda: Remembered(MAX_LINKS))


class TrendsTracing(_Following):
    """A topic's tick links to the documents counted in it, and to those of the stories that its evidence names."""

    def __init__(self, tracing: Tracing) -> None:
        super().__init__(tracing)
        self._topics: Remembered[str, _Topic] = Remembered(MAX_TOPICS)

    def follow(self, message: Any, record: Any, caused: Sequence[Outbound]) -> AllHeaders:
        """Return the headers of windows and evidence."""
        if isinstance(record, Mention):
            self._observe(message, record)
            return [None] * len(caused)
        by_topic: dict[str, list[TrendRecord | EvidenceRecord]] = {}
        for each in caused:
            if isinstance(each.record, TrendRecord | EvidenceRecord):
                by_topic.setdefault(each.record.topic, []).append(each.record)
        headers = {topic: self._close(topic, told) for topic, told in by_topic.items()}
        return [headers.get(getattr(each.record, "topic", "")) for each in caused]

    def _observe(self, message: Any, mention: Mention) -> None:
        about = {"finsurge.document.id": mention.document_id, "finsurge.topic": mention.topic}
        span = self._begun(self._tracing.process(message), about)
        if span is None:
            return
        topic = self._topics.get(mention.topic) or _Topic()
        key = (mention.source, mention.published_at, mention.url)
        topic.stories[key] = topic.fresh[key] = span.get_span_context()
        self._topics[mention.topic] = topic

    def _close(self, name: str, told: Sequence[TrendRecord | EvidenceRecord]) -> Headers | None:
        topic = self._topics.get(name)
        if topic is None:
            return None
        stories = [each for record in told if isinstance(record, EvidenceRecord) for each in record.evidence.stories]
        found = [topic.stories.get((story.source, story.published_at, story.url)) for story in stories]
        links = {context.span_id: context for context in (*found, *topic.fresh.values()) if context is not None}
        topic.fresh.clear()
        span = self._tracing.within(None, "close windows", links=links.values())
        return None if self._begun(span, {"finsurge.topic": name}) is None or span is None else headers_of(span)


class SurgesTracing(_Following):
    """An alert goes on in the trace of its topic's evidence, and links to that of the topics that it reaches."""

    def __init__(self, tracing: Tracing) -> None:
        super().__init__(tracing)
        self._evidence: Remembered[tuple[str, datetime], SpanContext] = Remembered(MAX_EVIDENCE)

    def follow(self, message: Any, record: Any, caused: Sequence[Outbound]) -> AllHeaders:
        """Return the headers of alerts."""
        if isinstance(record, EvidenceRecord):
            span = self._begun(self._tracing.process(message), {"finsurge.topic": record.topic})
            if span is not None:
                self._evidence[record.topic, record.at] = span.get_span_context()
        return [self._alert(each.record) if isinstance(each.record, AlertRecord) else None for each in caused]

    def _alert(self, alert: AlertRecord) -> Headers | None:
        reached = [self._evidence.get((each.topic, alert.at)) for each in alert.affected]
        links = [context for context in reached if context is not None]
        about = {"finsurge.alert.id": alert.id, "finsurge.topic": alert.topic, "finsurge.alert.reason": alert.reason}
        parent = self._evidence.get((alert.topic, alert.at))
        span = self._tracing.within(parent, f"alert {alert.transition}", links=links)
        return None if self._begun(span, about) is None or span is None else headers_of(span)


_STAGES: Mapping[Role, Callable[[Tracing], StageTracing]] = {
    Role.LINK: LinkTracing,
    Role.TRENDS: TrendsTracing,
    Role.SURGES: SurgesTracing,
}


def stage_tracing(tracing: Tracing, role: Role) -> StageTracing:
    """Return what follows the stage of a role that has one."""
    return _STAGES[role](tracing)
