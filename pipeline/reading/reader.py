"""Reading: document bytes in, decisions or rejections out, in order.

Owns validation, the repeat cache and what is done when the policy fails; knows neither Kafka nor Faust.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import torch

from models.action import Action
from models.batching import BatchLimits, BatchStats, decide_all
from models.checkpoint import SHIPPED
from models.decider import Decider
from models.policy import Policy
from models.topics.sketch import sketch
from pipeline.documents import DocumentLimits, RawDocument, parse_document
from pipeline.logs.about import about
from pipeline.reading.device import chosen_device
from pipeline.reading.line_up import LineUp, Served
from pipeline.reading.text import EXCERPT_LENGTH, full_text
from pipeline.records import Decision, Document, SketchRecord, SpanRecord
from pipeline.rejects import RecordRejected, RejectReason
from pipeline.settings import Settings

log = logging.getLogger(__name__)


class Reader:
    """Decides documents with a policy, and with a canary where there is one."""

    def __init__(
        self,
        policy: Decider,
        limits: BatchLimits,
        now: Callable[[RawDocument], datetime],
        *,
        document_limits: DocumentLimits | None = None,
        max_cached: int = 20_000,
    ) -> None:
        self._line_up = LineUp(Served(policy))
        self._limits = limits
        self._now = now
        self._document_limits = document_limits or DocumentLimits()
        self._max_cached = max_cached
        self._caches: dict[str, OrderedDict[str, Action]] = {}  # by policy version

    @property
    def serving(self) -> Served:
        """What serves."""
        return self._line_up.serving

    @property
    def policy(self) -> Decider:
        """The policy that serves."""
        return self.serving.policy

    def use(self, line_up: LineUp) -> None:
        """Decide what is read from now on with these policies; a batch on its way ends with those it began with."""
        self._line_up = line_up

    def read(self, raws: Sequence[RawDocument]) -> tuple[list[Decision | RecordRejected], list[BatchStats]]:
        """Return one decision or rejection for each record, in order, and what the batches cost."""
        # one look: a swap in the middle of a batch concerns the next
        line_up = self._line_up
        self._caches = {version: self._caches.get(version, OrderedDict()) for version in line_up.versions}
        decided: dict[int, Decision | RecordRejected] = {}
        by_version: dict[str, list[tuple[int, Document]]] = {}
        for index, raw in enumerate(raws):
            try:
                document = parse_document(raw.value, raw.ingested_at, self._document_limits)
                by_version.setdefault(line_up.of(document.id).policy.version, []).append((index, document))
            except RecordRejected as reason:
                decided[index] = reason
        batches: list[BatchStats] = []
        for served in line_up.served:
            own = by_version.get(served.policy.version, [])
            found, costs = self._read_with(served, [(raws[index], document) for index, document in own])
            decided.update(zip((index for index, _ in own), found, strict=True))
            batches += costs
        return [decided[index] for index in range(len(raws))], batches

    def _read_with(
        self, served: Served, documents: Sequence[tuple[RawDocument, Document]]
    ) -> tuple[list[Decision | RecordRejected], list[BatchStats]]:
        cache = self._caches[served.policy.version]
        texts = [full_text(document) for _, document in documents]
        cached = {text for text in texts if text in cache}
        missing = list(dict.fromkeys(text for text in texts if text not in cached))
        actions, batches = self._decide(served.policy, missing, self._limits)
        fresh = dict(zip(missing, actions, strict=True))
        decided: list[Decision | RecordRejected] = []
        for (raw, document), text in zip(documents, texts, strict=True):
            action = cache[text] if text in cached else fresh[text]
            if isinstance(action, RecordRejected):
                decided.append(action)
            else:
                decided.append(self._decision(served, raw, document, text, action, from_cache=text in cached))
        self._remember(cache, fresh)
        return decided, batches

    def _decide(
        self, policy: Decider, texts: list[str], limits: BatchLimits
    ) -> tuple[list[Action | RecordRejected], list[BatchStats]]:
        if not texts:
            return [], []
        try:
            actions, batches = decide_all(policy, texts, limits)
            return list(actions), batches
        except torch.OutOfMemoryError:
            log.warning("out of memory: halving the batch", extra=about(n_documents=len(texts)))
            torch.cuda.empty_cache()
            if limits.max_padded_tokens <= 512:
                raise
            return self._decide(policy, texts, replace(limits, max_padded_tokens=limits.max_padded_tokens // 2))
        except (RuntimeError, ValueError, IndexError) as error:
            if len(texts) == 1:
                # the error itself may quote the text: it is in the dead letter
                kind, version = type(error).__name__, policy.version
                log.warning("the policy fails on a document", extra=about(error=kind, policy_version=version))
                return [RecordRejected(RejectReason.UNDECIDABLE, f"policy failed: {error}"[:200])], []
            middle = len(texts) // 2
            left, left_batches = self._decide(policy, texts[:middle], limits)
            right, right_batches = self._decide(policy, texts[middle:], limits)
            return left + right, left_batches + right_batches

    def _decision(
        self, served: Served, raw: RawDocument, document: Document, text: str, action: Action, *, from_cache: bool
    ) -> Decision:
        summary = sketch(text)
        return Decision(
            document_id=document.id,
            origin=raw.origin,
            kind=document.kind,
            source=document.source,
            published_at=document.published_at,
            ingested_at=raw.ingested_at,
            decided_at=self._now(raw),
            excerpt=text[:EXCERPT_LENGTH],
            url=document.url,
            sentiment=action.sentiment,
            spans=tuple(SpanRecord(span.start, span.end, span.surface, span.sentiment) for span in action.spans),
            propensity=1.0,
            policy_version=served.policy.version,
            from_cache=from_cache,
            sketch=SketchRecord(
                summary.words, summary.names, summary.numbers, summary.direction, summary.lead, summary.traits
            ),
            language=action.language,
            negative_ratio=served.negative_ratio,
        )

    def _remember(self, cache: OrderedDict[str, Action], fresh: dict[str, Action | RecordRejected]) -> None:
        for text, action in fresh.items():
            if isinstance(action, Action):
                cache[text] = action
        while len(cache) > self._max_cached:
            cache.popitem(last=False)


def open_policy(settings: Settings) -> Policy:
    """Return the policy that the settings name.

    Raises:
        CheckpointMismatch: its files are missing or damaged.
        CommandFailed: the device that the settings name is not there.
    """
    folder = SHIPPED if settings.policy == "shipped" else Path(settings.policy)
    return Policy.load(folder, device=chosen_device(settings))
