"""Observations: one document about one topic, or what a correction says of it. Knows nothing of the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from zlib import crc32

import msgspec

from alerts.stories.sketches import TextSketch
from alerts.surges.current import StoryCount
from alerts.ticks import tick_of

Label = Literal["negative", "neutral", "positive"]
Change = Literal["added", "revised", "retracted"]
"""The topic has this document; its sentiment is another than was counted; it is not about the topic after all."""
AppliedBefore: TypeAlias = tuple[bool, datetime, str, int, str, str, tuple[float, float, float]]


class Observation(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One document about one topic, with what was known about time when it was let through.

    With a `revision` it is an analyst's word on a document that was let through before.

    >>> from datetime import UTC
    >>> observation = Observation(
    ...     document_id="a", published_at=datetime(2026, 1, 2, 12, tzinfo=UTC), source="Wire",
    ...     sentiment=(0.8, 0.15, 0.05))
    >>> observation.label, round(observation.polarity, 2)
    ('negative', -0.75)
    """

    document_id: str
    published_at: datetime
    known_at: datetime | None = None  # watermark of its source partition when let through; None for its first
    is_late: bool = False
    kind: Literal["news", "social"] = "news"
    source: str
    sentiment: tuple[float, float, float]  # probabilities of negative, neutral, positive towards the topic
    sketch: TextSketch = TextSketch()
    excerpt: str = ""
    url: str | None = None
    policy_version: str = ""
    negative_ratio: float = 1.0  # how often its policy says negative, to how often the stream's first one did
    revision: int | None = None  # number among those of its source partition; None: as the policy decided it
    change: Change = "added"
    beside: tuple[str, ...] = ()  # other topics that the document is about
    is_named: bool = True  # not only by topics that roll up to this one

    def __post_init__(self) -> None:
        """Refuse naive times, which would be read in the zone of whatever machine runs this."""
        if not self.negative_ratio > 0:
            raise ValueError(f"negative_ratio must be > 0, got {self.negative_ratio}")
        if self.published_at.tzinfo is None:
            raise ValueError(f"published_at must be aware, got {self.published_at!r}")
        if self.known_at is not None and self.known_at.tzinfo is None:
            raise ValueError(f"known_at must be aware, got {self.known_at!r}")

    @property
    def label(self) -> Label:
        """Return the likeliest sentiment; on a tie the milder one, as an alert needs a reason."""
        negative, neutral, positive = self.sentiment
        if negative > neutral and negative > positive:
            return "negative"
        return "positive" if positive > neutral and positive > negative else "neutral"

    @property
    def polarity(self) -> float:
        """Return p_positive - p_negative, in [-1, 1]."""
        return self.sentiment[2] - self.sentiment[0]

    @property
    def source_hash(self) -> int:
        """Return a stable 32-bit hash of the source, so that state stays small."""
        return crc32(f"{self.kind}\0{self.source}".encode("utf-8", "surrogatepass"))

    def as_count(self) -> StoryCount:
        """Return what a story that it founds adds to its tick."""
        is_negative, is_post = self.label == "negative", self.kind == "social"
        return StoryCount(is_negative, is_post, self.source_hash, self.negative_ratio, self.is_named)

    def known_tick(self, bin_s: int) -> int:
        """Return the tick in which it counts as known: of its own time, or of its source's if that was on."""
        published = tick_of(self.published_at, bin_s)
        return published if self.known_at is None else max(published, tick_of(self.known_at, bin_s))

    def applied_before(self) -> AppliedBefore:
        """Return the key by which the observations of a tick are ordered: total, and free of arrival.

        Revisions come after all documents, and those of one document in their order: they share a source partition.
        """
        number = -1 if self.revision is None else self.revision
        is_revision = self.revision is not None
        document = (self.source, self.policy_version, self.sentiment)
        return (is_revision, self.published_at, self.document_id, number, *document)
