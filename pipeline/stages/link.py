"""Link: lets through each document's first decision and its revisions, finds topics, judges lateness, sends marks.

A document counts for the topics that it names and, once each, for those that they roll up to.

State is one record per source partition: the last offset applied, the last revisions, and the watermark (DESIGN §5,
rules 1 and 3).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from itertools import islice

import msgspec

from alerts.watermarks import Lateness, SourceWatermark
from models.action import Span
from models.labels import Sentiment
from models.topics.linking import Linker
from models.topics.rollup import rolled_up
from models.topics.watchlist import Watchlist
from pipeline.metrics import Metrics
from pipeline.records import (
    BEFORE_ALL,
    Change,
    Decision,
    DecisionOrTick,
    Mark,
    Mention,
    Origin,
    ReadingRecord,
    Revision,
    SpanRecord,
    Tick,
    encode,
)
from pipeline.stage import Outbound, States, partition_of

MAX_BESIDE = 4
"""Other topics told with a mention: a list of fifty tickers relates nothing to anything."""

MAX_REMEMBERED = 512
"""Revisions by which one that is logged again is known: more than a writer that died repeats of one partition."""


class _Snapshot(msgspec.Struct, frozen=True):
    applied: int
    marked_at: datetime | None
    watermark: bytes
    began_at: datetime | None
    n_revisions: int = 0
    revisions: list[bytes] = []


class SourceState:
    """What link knows of one source partition.

    >>> state = SourceState(disorder_s=120)
    >>> SourceState.restore(state.snapshot(), disorder_s=120).applied == BEFORE_ALL
    True
    """

    def __init__(self, disorder_s: int) -> None:
        self.applied = BEFORE_ALL  # offset in `documents` of the last decision let through
        self.marked_at: datetime | None = None  # the bin boundary that was last marked
        self.began_at: datetime | None = None  # the first watermark
        self.watermark = SourceWatermark(disorder_s)
        self.n_revisions = 0  # let through
        self._revisions: dict[bytes, None] = {}  # fingerprints of the last ones let through, oldest first

    def let_through(self, revision: Revision) -> bool:
        """Return whether a revision is not one of the last ones again, and remember it."""
        fingerprint = _fingerprint(revision)
        if fingerprint in self._revisions:
            return False
        if len(self._revisions) == MAX_REMEMBERED:
            del self._revisions[next(iter(self._revisions))]
        self._revisions[fingerprint] = None
        self.n_revisions += 1
        return True

    def snapshot(self) -> bytes:
        """Return the state as bytes."""
        watermark = self.watermark.snapshot()
        held = _Snapshot(
            self.applied, self.marked_at, watermark, self.began_at, self.n_revisions, list(self._revisions)
        )
        return msgspec.msgpack.encode(held)

    @classmethod
    def restore(cls, snapshot: bytes, disorder_s: int) -> SourceState:
        """Return the state that `snapshot` holds."""
        held = msgspec.msgpack.decode(snapshot, type=_Snapshot)
        state = cls(disorder_s)
        state.applied, state.marked_at, state.began_at = held.applied, held.marked_at, held.began_at
        state.watermark = SourceWatermark.restore(held.watermark, disorder_s)
        state.n_revisions = held.n_revisions
        state._revisions = dict.fromkeys(held.revisions)
        return state


class LinkStage:
    """Turns decisions into mentions and marks."""

    def __init__(
        self,
        watchlist: Watchlist,
        states: States[SourceState],
        metrics: Metrics,
        *,
        partitions: int,
        disorder_s: int,
        grace_s: int,
        bin_s: int,
    ) -> None:
        self._watchlist = watchlist
        self._linker = Linker(watchlist)
        self._states = states
        self._metrics = metrics
        self._partitions = partitions
        self._disorder_s = disorder_s
        self._grace_s = grace_s
        self._bin_s = bin_s

    def reset(self) -> None:
        """Forget whose watermarks were told; nothing else is derived from state."""
        self._metrics.forget_watermarks()

    def step(self, record: DecisionOrTick, origin: Origin) -> list[Outbound]:
        """Return the mentions of a first decision, what a revision changes of them, and marks of entered bins."""
        key = str(origin.partition)
        state = self._states.get(key) or SourceState(self._disorder_s)
        outbound: list[Outbound] = []
        if isinstance(record, Tick):
            # in a partition that never had a document as well, or a few documents would close no window
            state.watermark.update(record.stream_at)
        elif isinstance(record, Revision):
            if not self._is_applicable(record, state):
                return []
            outbound = self._changes(record, state)  # of a document of the past: it moves no watermark
        elif record.origin.offset <= state.applied:
            self._metrics.count_repeats()
            return []
        else:
            outbound = self._mentions(record, state)
            state.applied = record.origin.offset
            state.watermark.update(record.published_at)
        state.began_at = state.began_at or state.watermark.at
        if state.watermark.at is not None:
            self._metrics.set_watermark(origin.partition, state.watermark.at)
        outbound += self._marks(state, origin.partition)
        self._states.put(key, origin.partition, state)
        return outbound

    def _mentions(self, decision: Decision, state: SourceState) -> list[Outbound]:
        lateness = state.watermark.judge(decision.published_at, self._grace_s, self._bin_s)
        is_late = lateness is Lateness.LATE
        named = self._named(decision, decision.sentiment, decision.spans)
        linked = rolled_up(named, self._watchlist)
        self._metrics.count_mentions(len(linked))
        if is_late:
            self._metrics.count_late(len(linked))
        return [
            self._mention(decision, topic, sentiment, state, named, is_late=is_late)
            for topic, sentiment in linked.items()
        ]

    def _is_applicable(self, revision: Revision, state: SourceState) -> bool:
        """Return whether a revision is of a document that was let through, and new."""
        if revision.origin.offset > state.applied:
            self._metrics.count_revision("unknown")
            return False
        is_new = state.let_through(revision)
        self._metrics.count_revision("applied" if is_new else "repeated")
        return is_new

    def _changes(self, revision: Revision, state: SourceState) -> list[Outbound]:
        """Return what differs between the topics of what has counted and those of what is right."""
        named = self._read(revision, revision.right)
        counted = rolled_up(self._read(revision, revision.counted), self._watchlist)
        right = rolled_up(named, self._watchlist)
        outbound = []
        for topic in (*counted, *(topic for topic in right if topic not in counted)):
            if counted.get(topic) == right.get(topic):
                continue
            change: Change = "revised"
            if topic not in right:
                change = "retracted"
            elif topic not in counted:
                change = "added"
            # never late: that its window is final is for `trends` to see, which can correct it beside
            sentiment = right.get(topic) or counted[topic]
            outbound.append(self._mention(revision, topic, sentiment, state, named, change=change))
        return outbound

    def _read(self, revision: Revision, reading: ReadingRecord) -> Mapping[str, Sentiment]:
        return self._named(revision, reading.sentiment, reading.spans)

    def _named(
        self, record: Decision | Revision, sentiment: Sentiment, spans: Sequence[SpanRecord]
    ) -> Mapping[str, Sentiment]:
        """Return the topics that the document names, in the order of its text, with the sentiment towards each."""
        found = [Span(span.start, span.end, span.surface, span.sentiment) for span in spans]
        return {link.topic_id: link.sentiment for link in self._linker.link(record.excerpt, found, sentiment)}

    def _mention(
        self,
        record: Decision | Revision,
        topic: str,
        sentiment: Sentiment,
        state: SourceState,
        named: Collection[str],
        *,
        is_late: bool = False,
        change: Change = "added",
    ) -> Outbound:
        mention = Mention(
            topic=topic,
            document_id=record.document_id,
            origin=record.origin,
            kind=record.kind,
            source=record.source,
            published_at=record.published_at,
            known_at=state.watermark.at,
            is_late=is_late,
            sentiment=sentiment,
            excerpt=record.excerpt,
            url=record.url,
            policy_version=record.policy_version,
            sketch=record.sketch,
            negative_ratio=record.negative_ratio,
            revision=state.n_revisions - 1 if isinstance(record, Revision) else None,
            change=change,
            is_named=topic in named,
            beside=tuple(islice((other for other in named if other != topic), MAX_BESIDE)),
        )
        return Outbound("mentions", topic.encode(), mention, partition_of(topic, self._partitions))

    def _marks(self, state: SourceState, source: int) -> list[Outbound]:
        at = state.watermark.at
        if at is None or state.began_at is None:
            return []
        boundary = datetime.fromtimestamp(at.timestamp() // self._bin_s * self._bin_s, tz=at.tzinfo)
        if state.marked_at is not None and boundary <= state.marked_at:
            return []
        state.marked_at = boundary
        origin = Origin(source, state.applied)
        mark = Mark(origin=origin, watermark=at, began_at=state.began_at, n_sources=self._partitions)
        return [Outbound("mentions", b"", mark, partition) for partition in range(self._partitions)]


def _fingerprint(revision: Revision) -> bytes:
    """Return what a revision and its repetition have in common, whenever either was written."""
    said = (revision.correction_id, revision.origin, encode(revision.counted), encode(revision.right))
    return blake2b(msgspec.msgpack.encode(said), digest_size=8).digest()
