"""Link: lets through the first decision of every document, finds its topics, judges lateness, sends marks.

State is one record per source partition: the last offset applied, and the watermark (DESIGN §5, rules 1 and 3).
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from alerts.watermarks import Lateness, SourceWatermark
from models.action import Span
from models.topics.linking import Linker
from pipeline.metrics import Metrics
from pipeline.records import Decision, DecisionOrTick, Mark, Mention, Origin, Tick
from pipeline.stage import Outbound, States, partition_of


class _Snapshot(msgspec.Struct, frozen=True):
    applied: int
    marked_at: datetime | None
    watermark: bytes
    began_at: datetime | None


class SourceState:
    """What link knows of one source partition.

    >>> state = SourceState(disorder_s=120)
    >>> SourceState.restore(state.snapshot(), disorder_s=120).applied
    -1
    """

    def __init__(self, disorder_s: int) -> None:
        self.applied = -1  # offset in `documents` of the last decision let through
        self.marked_at: datetime | None = None  # the bin boundary that was last marked
        self.began_at: datetime | None = None  # the first watermark
        self.watermark = SourceWatermark(disorder_s)

    def snapshot(self) -> bytes:
        """Return the state as bytes."""
        return msgspec.msgpack.encode(
            _Snapshot(self.applied, self.marked_at, self.watermark.snapshot(), self.began_at)
        )

    @classmethod
    def restore(cls, snapshot: bytes, disorder_s: int) -> SourceState:
        """Return the state that `snapshot` holds."""
        held = msgspec.msgpack.decode(snapshot, type=_Snapshot)
        state = cls(disorder_s)
        state.applied, state.marked_at, state.began_at = held.applied, held.marked_at, held.began_at
        state.watermark = SourceWatermark.restore(held.watermark, disorder_s)
        return state


class LinkStage:
    """Turns decisions into mentions and marks."""

    def __init__(
        self,
        linker: Linker,
        states: States[SourceState],
        metrics: Metrics,
        *,
        partitions: int,
        disorder_s: int,
        grace_s: int,
        bin_s: int,
    ) -> None:
        self._linker = linker
        self._states = states
        self._metrics = metrics
        self._partitions = partitions
        self._disorder_s = disorder_s
        self._grace_s = grace_s
        self._bin_s = bin_s

    def reset(self) -> None:
        """Nothing is derived from state."""

    def step(self, record: DecisionOrTick, origin: Origin) -> list[Outbound]:
        """Return the mentions of a first decision, and marks when the watermark enters another bin."""
        key = str(origin.partition)
        state = self._states.get(key) or SourceState(self._disorder_s)
        if isinstance(record, Tick):
            outbound: list[Outbound] = []
            # in a partition that never had a document as well, or a few documents would close no window
            state.watermark.update(record.stream_at)
        elif record.origin.offset <= state.applied:
            self._metrics.count_repeats()
            return []
        else:
            outbound = self._mentions(record, state)
            state.applied = record.origin.offset
            state.watermark.update(record.published_at)
        state.began_at = state.began_at or state.watermark.at
        outbound += self._marks(state, origin.partition)
        self._states.put(key, origin.partition, state)
        return outbound

    def _mentions(self, decision: Decision, state: SourceState) -> list[Outbound]:
        lateness = state.watermark.judge(decision.published_at, self._grace_s, self._bin_s)
        is_late = lateness is Lateness.LATE
        if is_late:
            self._metrics.count_late()
        spans = [Span(span.start, span.end, span.surface, span.sentiment) for span in decision.spans]
        outbound = []
        for link in self._linker.link(decision.excerpt, spans, decision.sentiment):
            mention = Mention(
                topic=link.topic_id,
                document_id=decision.document_id,
                origin=decision.origin,
                kind=decision.kind,
                source=decision.source,
                published_at=decision.published_at,
                known_at=state.watermark.at,
                is_late=is_late,
                sentiment=link.sentiment,
                excerpt=decision.excerpt,
                url=decision.url,
                policy_version=decision.policy_version,
                sketch=decision.sketch,
            )
            partition = partition_of(link.topic_id, self._partitions)
            outbound.append(Outbound("mentions", link.topic_id.encode(), mention, partition))
        self._metrics.count_mentions(len(outbound))
        return outbound

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
