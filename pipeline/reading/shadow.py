"""A policy that reads along: decides what another has served, is logged, and never holds anything up.

What comes faster than it reads is skipped, and counted. Its failures are answers too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import torch

from models.action import Action
from models.batching import BatchLimits, decide_all
from models.decider import Decider
from pipeline.documents import DocumentLimits, RawDocument, parse_document
from pipeline.logs.about import about
from pipeline.metrics import Metrics
from pipeline.reading.line_up import is_in_share
from pipeline.reading.priority import stand_back
from pipeline.reading.text import full_text
from pipeline.records import Decision, ReadingRecord, ShadowDecision, SpanRecord

log = logging.getLogger(__name__)
MAX_WAITING = 8
"""Batches that wait for it; more are skipped."""

Pair = tuple[RawDocument, Decision]
Send = Callable[[ShadowDecision], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Trial:
    """Which policy reads along, on which documents.

    >>> from models.keyword import KeywordPolicy
    >>> Trial(KeywordPolicy(), KeywordPolicy(), share=0.5).until is None
    True
    """

    policy: Decider
    serving: Decider  # reads along where the trial's policy itself has served, as a canary
    share: float = 1.0  # of the documents
    until: datetime | None = None  # documents ingested later are not read

    def reader_of(self, decision: Decision) -> Decider | None:
        """Return who reads a decided document along; None: nobody."""
        if self.until is not None and decision.ingested_at > self.until:
            return None
        if not is_in_share(decision.document_id, f"shadow/{self.policy.version}", self.share):
            return None
        return self.serving if decision.policy_version == self.policy.version else self.policy


class Shadow:
    """Reads along in a thread of its own.

    Args:
        limits: of its batches.
        send: puts what it says where it is kept.
        metrics: counts.
    """

    def __init__(self, limits: BatchLimits, send: Send, metrics: Metrics) -> None:
        self._limits = limits
        self._send = send
        self._metrics = metrics
        self._trial: Trial | None = None
        self._waiting: asyncio.Queue[list[tuple[Decider, Pair]]] = asyncio.Queue(MAX_WAITING)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="shadow", initializer=stand_back)

    def use(self, trial: Trial | None) -> None:
        """Read along with another policy from now on, or with none."""
        self._trial = trial

    def offer(self, pairs: Sequence[Pair]) -> None:
        """Take decided documents, or skip them if it is behind."""
        trial = self._trial
        if trial is None:
            return
        chosen = [(reader, pair) for pair in pairs if (reader := trial.reader_of(pair[1])) is not None]
        if not chosen:
            return
        try:
            self._waiting.put_nowait(chosen)
        except asyncio.QueueFull:
            self._metrics.count_shadow("skipped", len(chosen))

    async def run(self) -> None:
        """Decide what waits, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            chosen = await self._waiting.get()
            for decided in await loop.run_in_executor(self._executor, self._decide, chosen):
                self._metrics.count_shadow("failed" if decided.reading is None else "decided")
                await self._send(decided)

    def _decide(self, chosen: Sequence[tuple[Decider, Pair]]) -> list[ShadowDecision]:
        by_version: dict[str, tuple[Decider, list[Pair]]] = {}
        for reader, pair in chosen:
            by_version.setdefault(reader.version, (reader, []))[1].append(pair)
        decided: list[ShadowDecision] = []
        for reader, pairs in by_version.values():
            texts = [full_text(parse_document(raw.value, raw.ingested_at, DocumentLimits())) for raw, _ in pairs]
            actions = self._actions(reader, texts)
            decided += [_shadow(reader.version, of, action) for (_, of), action in zip(pairs, actions, strict=True)]
        return decided

    def _actions(self, reader: Decider, texts: list[str]) -> list[Action | None]:
        try:
            return list(decide_all(reader, texts, self._limits)[0])
        except (torch.OutOfMemoryError, RuntimeError, ValueError, IndexError) as error:
            if len(texts) == 1:
                kind, version = type(error).__name__, reader.version
                log.warning("a policy fails in shadow on a document", extra=about(error=kind, policy_version=version))
                return [None]
            middle = len(texts) // 2
            return self._actions(reader, texts[:middle]) + self._actions(reader, texts[middle:])


def _shadow(version: str, decision: Decision, action: Action | None) -> ShadowDecision:
    spans = tuple(SpanRecord(s.start, s.end, s.surface, s.sentiment) for s in action.spans) if action else ()
    return ShadowDecision(
        document_id=decision.document_id,
        origin=decision.origin,
        kind=decision.kind,
        source=decision.source,
        published_at=decision.published_at,
        decided_at=datetime.now(UTC),
        served_version=decision.policy_version,
        served=ReadingRecord(decision.sentiment, decision.spans),
        policy_version=version,
        reading=ReadingRecord(action.sentiment, spans) if action else None,
    )
