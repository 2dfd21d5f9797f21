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
from pipeline.reading.device import chosen_device
from pipeline.records import Decision, Document, SketchRecord, SpanRecord
from pipeline.rejects import RecordRejected, RejectReason
from pipeline.settings import Settings

log = logging.getLogger(__name__)
EXCERPT_LENGTH = 300


class Reader:
    """Decides documents with a policy."""

    def __init__(
        self,
        policy: Decider,
        limits: BatchLimits,
        now: Callable[[RawDocument], datetime],
        *,
        document_limits: DocumentLimits | None = None,
        max_cached: int = 20_000,
    ) -> None:
        self.policy = policy
        self._limits = limits
        self._now = now
        self._document_limits = document_limits or DocumentLimits()
        self._max_cached = max_cached
        self._cache: OrderedDict[str, Action] = OrderedDict()

    def read(self, raws: Sequence[RawDocument]) -> tuple[list[Decision | RecordRejected], list[BatchStats]]:
        """Return one decision or rejection for each record, in order, and what the batches cost."""
        outcomes: list[Document | RecordRejected] = []
        for raw in raws:
            try:
                outcomes.append(parse_document(raw.value, raw.ingested_at, self._document_limits))
            except RecordRejected as rejected:
                outcomes.append(rejected)
        texts = [full_text(outcome) if isinstance(outcome, Document) else None for outcome in outcomes]
        cached = {text for text in texts if text in self._cache}
        missing = list(dict.fromkeys(text for text in texts if text is not None and text not in cached))
        actions, batches = self._decide(missing, self._limits)
        fresh = dict(zip(missing, actions, strict=True))
        decided: list[Decision | RecordRejected] = []
        for raw, outcome, text in zip(raws, outcomes, texts, strict=True):
            if isinstance(outcome, RecordRejected) or text is None:
                decided.append(outcome)  # type: ignore[arg-type]
                continue
            action = self._cache[text] if text in cached else fresh[text]
            if isinstance(action, RecordRejected):
                decided.append(action)
            else:
                decided.append(self._decision(raw, outcome, text, action, from_cache=text in cached))
        self._remember(fresh)
        return decided, batches

    def _decide(
        self, texts: list[str], limits: BatchLimits
    ) -> tuple[list[Action | RecordRejected], list[BatchStats]]:
        if not texts:
            return [], []
        try:
            actions, batches = decide_all(self.policy, texts, limits)
            return list(actions), batches
        except torch.OutOfMemoryError:
            log.warning("out of memory on %d documents: halving the batch", len(texts))
            torch.cuda.empty_cache()
            if limits.max_padded_tokens <= 512:
                raise
            return self._decide(texts, replace(limits, max_padded_tokens=limits.max_padded_tokens // 2))
        except (RuntimeError, ValueError, IndexError) as error:
            if len(texts) == 1:
                log.warning("the policy fails on a document: %s", error)
                return [RecordRejected(RejectReason.UNDECIDABLE, f"policy failed: {error}"[:200])], []
            middle = len(texts) // 2
            left, left_batches = self._decide(texts[:middle], limits)
            right, right_batches = self._decide(texts[middle:], limits)
            return left + right, left_batches + right_batches

    def _decision(
        self, raw: RawDocument, document: Document, text: str, action: Action, *, from_cache: bool
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
            policy_version=self.policy.version,
            from_cache=from_cache,
            sketch=SketchRecord(summary.words, summary.names, summary.numbers, summary.direction),
            language=action.language,
        )

    def _remember(self, fresh: dict[str, Action | RecordRejected]) -> None:
        for text, action in fresh.items():
            if isinstance(action, Action):
                self._cache[text] = action
        while len(self._cache) > self._max_cached:
            self._cache.popitem(last=False)


def full_text(document: Document) -> str:
    """Return what the policy reads: the title, then the text where it does not repeat the title."""
    if not document.title or document.text.startswith(document.title):
        return document.text
    return f"{document.title}\n{document.text}"


def open_policy(settings: Settings) -> Policy:
    """Return the policy that the settings name.

    Raises:
        CheckpointMismatch: its files are missing or damaged.
        CommandFailed: the device that the settings name is not there.
    """
    folder = SHIPPED if settings.policy == "shipped" else Path(settings.policy)
    return Policy.load(folder, device=chosen_device(settings))
