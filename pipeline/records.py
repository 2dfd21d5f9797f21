"""What travels on Kafka: one frozen struct per message, JSON with a `schema` number.

Unknown fields are ignored, missing ones are an error; times are ISO 8601 UTC. Knows no Kafka client.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, NamedTuple, TypeVar

import msgspec

from models.labels import Sentiment
from models.language import ENGLISH

AwareDatetime = Annotated[datetime, msgspec.Meta(tz=True)]
Kind = Literal["news", "social"]
Change = Literal["added", "revised", "retracted"]
"""What a mention says of its topic's document: it is one, its sentiment is another, it is none after all."""
Interval = tuple[float, float]
SCHEMA = 1
BEFORE_ALL = -(2**62)
"""The last applied offset where nothing was applied; offsets of `history` lie between it and 0."""


class Origin(NamedTuple):
    """Where the message came from that led to this one: partition and offset of its Kafka topic."""

    partition: int
    offset: int


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One item as published (`documents`); `text` is the body, or all there is.

    >>> raw = b'{"schema":1,"id":"a","kind":"news","source":"s",'
    >>> raw += b'"published_at":"2026-01-02T03:04:05Z","text":"t"}'
    >>> decode(Document, raw).source
    's'
    """

    schema: int
    id: str
    kind: Kind
    source: str
    published_at: AwareDatetime
    text: str
    title: str | None = None
    url: str | None = None
    author: str | None = None


class SpanRecord(msgspec.Struct, frozen=True, array_like=True):
    """A span of the document as the policy read it, character offsets into `title` + newline + `text`."""

    start: int
    end: int
    surface: str
    sentiment: Sentiment


class SketchRecord(msgspec.Struct, frozen=True, array_like=True):
    """A text sketch by which near-duplicates are found: hashes, never text."""

    words: tuple[int, ...] = ()
    names: tuple[int, ...] = ()
    numbers: tuple[int, ...] = ()
    direction: int = 0
    lead: tuple[int, ...] = ()  # the first words in their order
    traits: int = 0  # what kind of telling it is


class Decision(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="decision"):
    """The policy's answer for one document (`decisions`, same partition as the document)."""

    schema: int = SCHEMA
    document_id: str
    origin: Origin  # in `documents`
    kind: Kind
    source: str
    published_at: AwareDatetime
    ingested_at: AwareDatetime
    decided_at: AwareDatetime
    excerpt: str  # the first characters of what was read: shown to people, used for linking
    url: str | None
    sentiment: Sentiment
    spans: tuple[SpanRecord, ...]
    propensity: float  # of the served action; serving is greedy
    policy_version: str
    from_cache: bool
    sketch: SketchRecord
    language: str = ENGLISH  # ISO 639-1, or "und"; what was decided before it was told was read as English
    negative_ratio: float = 1.0  # how often this policy says negative, to how often the stream's first one did


class ReadingRecord(msgspec.Struct, frozen=True, array_like=True):
    """What a document says, by a policy or by an analyst: its sentiment, and those towards its mentions."""

    sentiment: Sentiment
    spans: tuple[SpanRecord, ...]


class Revision(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="revision"):
    """An analyst's correction put into effect (`decisions`, same partition as the document's decision)."""

    schema: int = SCHEMA
    correction_id: str
    document_id: str
    origin: Origin  # of the document, in `documents`
    kind: Kind
    source: str
    published_at: AwareDatetime
    revised_at: AwareDatetime
    excerpt: str
    url: str | None
    counted: ReadingRecord  # what has counted until now
    right: ReadingRecord  # what is to count instead
    policy_version: str  # that decided the document
    negative_ratio: float = 1.0
    sketch: SketchRecord


class ShadowDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What another policy says of a decided document; it counts nowhere (`shadows`, the document's partition)."""

    schema: int = SCHEMA
    document_id: str
    origin: Origin  # of the document, in `documents`
    kind: Kind
    source: str
    published_at: AwareDatetime
    decided_at: AwareDatetime  # by the shadow
    served_version: str
    served: ReadingRecord
    policy_version: str  # of the shadow
    reading: ReadingRecord | None  # None: it failed on the document


class Tick(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="tick"):
    """Says in `decisions` that nothing older is waiting in this partition of `documents` (idle)."""

    schema: int = SCHEMA
    stream_at: AwareDatetime  # how far event time has come elsewhere


DecisionOrTick = Decision | Tick | Revision
"""All that lies in `decisions`."""


class Mention(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="mention"):
    """One document about one topic, or what a correction changes of that (`mentions`, keyed by topic)."""

    schema: int = SCHEMA
    topic: str
    document_id: str
    origin: Origin  # of the document, in `documents`
    kind: Kind
    source: str
    published_at: AwareDatetime
    known_at: AwareDatetime | None  # watermark of the source partition when it was let through
    is_late: bool
    sentiment: Sentiment  # towards the topic
    excerpt: str
    url: str | None
    policy_version: str
    sketch: SketchRecord
    negative_ratio: float = 1.0  # as in the decision
    revision: int | None = None  # of its source partition, in `link`'s count from 0; None: as it was decided
    change: Change = "added"
    beside: tuple[str, ...] = ()  # other topics that the document names, the first of them; of a parent: its children
    is_named: bool = True  # the document names this topic itself, and not only ones that roll up to it


class Mark(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="mark"):
    """A source partition's watermark, sent to every partition of `mentions`."""

    schema: int = SCHEMA
    origin: Origin  # in `decisions`
    watermark: AwareDatetime
    began_at: AwareDatetime  # the partition's first watermark
    n_sources: int  # partitions of `decisions`: marks of all of them are needed


MentionOrMark = Mention | Mark


class VersionCounts(msgspec.Struct, frozen=True, array_like=True):
    """The novel stories of a window whose first document one policy read."""

    n_stories: int
    n_negative: int


class ChangeRecord(msgspec.Struct, frozen=True):
    """How a window differs from an earlier one that had stories."""

    n_stories: int  # of the earlier one
    stories_ratio: float  # of this one's stories to the earlier one's
    share_difference: float | None  # of negative shares, as the stream's first policy would see them


class TrendRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A topic's window (`trends`), told apart by topic, length and start; `None` stands for "no data".

    A final window never changes. What corrections make of it afterwards lies beside it, as `corrected`: whole, so
    that the last one is the one to read.
    """

    schema: int = SCHEMA
    topic: str
    start_at: AwareDatetime
    end_at: AwareDatetime
    status: Literal["provisional", "revised", "final", "corrected"]
    n_documents: int
    n_stories: int
    n_negative: int
    n_neutral: int
    n_positive: int
    polarity: float | None
    negative_share: float | None
    n_sources: int
    policy_versions: dict[str, int]  # documents by the policy that read them
    stories_by_version: dict[str, VersionCounts] = {}
    negative_ratio: float | None = None  # mean over the novel stories; n_negative over it compares across policies
    resolution_s: int = 0  # length; of a record from before there were several it is found by its start and end
    novelty: float | None = None  # documents that are the first of their story, to all
    positive_share: float | None = None
    negative_interval: Interval | None = None  # that holds the share in 90 %, as does the next one
    positive_interval: Interval | None = None
    adjusted_negative_share: float | None = None  # without the policy's errors, where its error rates are known
    adjusted_negative_interval: Interval | None = None
    day_before: ChangeRecord | None = None  # of windows of an hour or more, to the same one then
    week_before: ChangeRecord | None = None

    def __post_init__(self) -> None:
        if not self.resolution_s:
            msgspec.structs.force_setattr(self, "resolution_s", int((self.end_at - self.start_at).total_seconds()))


class AlertStory(msgspec.Struct, frozen=True):
    """A story that an alert rests on; `copies` counts its near-duplicates, itself included."""

    excerpt: str
    url: str | None
    source: str
    copies: int
    published_at: AwareDatetime


class AffectedTopic(msgspec.Struct, frozen=True):
    """A topic below the alert's that its surge reaches."""

    topic: str
    topic_name: str
    n_negative: int
    expected: float


class AlertRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A transition of an episode (`alerts`); its id is the idempotency key of every notification."""

    schema: int = SCHEMA
    id: str  # topic/episode/number, or topic!rule/episode/number
    topic: str
    topic_name: str
    episode: int
    number: int
    transition: Literal["opened", "escalated", "closed"]
    reason: str
    severity: Literal["warning", "critical"]
    at: AwareDatetime
    opened_at: AwareDatetime
    summary: str
    n_negative: int
    n_stories: int
    expected: float
    expected_low: float
    expected_high: float
    negative_share: float | None
    usual_share: float | None
    onset_at: AwareDatetime | None
    n_sources: int
    baseline_age_s: float
    return_period_s: float | None
    stories: tuple[AlertStory, ...]
    policy_versions: tuple[str, ...]
    affected: tuple[AffectedTopic, ...] = ()  # topics that roll up to this one, and are raised as well
    n_affected: int = 0  # with those that are not named
    related: tuple[str, ...] = ()  # names of topics that its negative stories are about as well
    rule: str = ""  # name of the absolute rule that it is of; none: a surge
    rules_version: str = ""  # of the rule book that made it an alert
    routes: tuple[str, ...] = ()  # names of the receivers that it goes to; none: all
    link: str | None = None  # to the console

    @property
    def subject(self) -> str:
        """Return what its episodes are numbered for: the topic, or the topic and an absolute rule."""
        return self.id.rsplit("/", 2)[0]


T = TypeVar("T")
_encoder = msgspec.json.Encoder()


def encode(record: msgspec.Struct) -> bytes:
    """Return the record as JSON bytes; equal records give equal bytes."""
    return _encoder.encode(record)


def decode(kind: type[T], value: bytes) -> T:
    """Return the record that `value` holds.

    Raises:
        msgspec.ValidationError: a field is missing or of another type.
    """
    return msgspec.json.decode(value, type=kind)
