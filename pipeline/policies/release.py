"""What is said of a version on `policies`: what it is made of, and whether it serves, is tried, or was judged.

Owns the records and their bytes. Knows neither Kafka nor keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from pipeline.records import SCHEMA, AwareDatetime
from rl.gate.report import GateReport
from rl.registry.stored import StoredPolicy


class Channel(StrEnum):
    """What a release says of its version; of the last three, one release of each holds.

    >>> Channel("shadow").value
    'shadow'
    """

    VERSION = "version"  # that there is such a version, and how it was judged
    CURRENT = "current"  # it serves
    SHADOW = "shadow"  # it decides a share of the documents as well, is logged, and not served
    CANARY = "canary"  # it serves a share of the documents


class GateSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate said of a version; the whole report is a page of its own.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 1, 2, tzinfo=UTC)
    >>> GateSummary(is_promoted=False, reason="worse", baseline_version="p-1", n_items=2500, at=at).reason
    'worse'
    """

    is_promoted: bool
    reason: str  # a GateReason
    baseline_version: str  # that it was judged against
    anchor_version: str | None = None
    n_items: int  # held-out documents
    difference: float | None = None  # of the reward, candidate minus baseline
    interval: tuple[float, float] | None = None  # that holds the true difference, 95 %
    report: str | None = None  # where the page lies
    at: AwareDatetime

    @classmethod
    def of(cls, report: GateReport, page: str | None = None) -> GateSummary:
        """Return what a report says, in short."""
        found = report.against_serving
        return cls(
            is_promoted=report.is_promoted,
            reason=report.reason.value,
            baseline_version=report.question.serving,
            anchor_version=report.question.anchor,
            n_items=report.n_items,
            difference=found.difference if found else None,
            interval=(found.low, found.high) if found else None,
            report=page,
            at=report.question.asked_at,
        )


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the policy, and what it is for from now on (`policies`).

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 1, 2, tzinfo=UTC)
    >>> release = Release(channel=Channel.CURRENT, generation=7, version="p-1", location="file:///srv/p-1",
    ...                   checksums={"manifest.json": "0" * 64}, at=at, by="ada")
    >>> release.key
    'current'
    """

    schema: int = SCHEMA
    channel: Channel
    generation: int  # of the whole Kafka topic, one more with each release
    version: str
    location: str  # URL of the version's folder
    checksums: Mapping[str, str]  # SHA-256 of each of its files
    parent_version: str | None = None  # it was trained from
    previous_version: str | None = None  # that served before it did: what a rollback brings back
    gate: GateSummary | None = None
    negative_ratio: float = 1.0  # how often it says negative, to how often the stream's first policy did
    share: float = 1.0  # of the documents, in [0, 1]: of a shadow or a canary; 0 ends it
    until: AwareDatetime | None = None  # documents ingested later are not the shadow's any more
    at: AwareDatetime
    by: str  # a person, or the learner
    reason: str = ""  # why it was forced, or rolled back

    def __post_init__(self) -> None:
        if self.version in set(Channel):
            raise ValueError(f"version must not be a channel's name, got {self.version!r}")
        if self.generation < 1:
            raise ValueError(f"generation must be >= 1, got {self.generation}")
        if not 0 <= self.share <= 1:
            raise ValueError(f"share must be in [0, 1], got {self.share}")
        if not self.negative_ratio > 0:
            raise ValueError(f"negative_ratio must be > 0, got {self.negative_ratio}")

    @property
    def key(self) -> str:
        """What a later release must have too, to take this one's place."""
        return self.version if self.channel is Channel.VERSION else self.channel.value

    @property
    def stored(self) -> StoredPolicy:
        """Where the version lies and what it must be."""
        return StoredPolicy(self.version, self.location, self.checksums)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Releases that hold together or not at all: one record on `policies`.

    It holds only if nothing else was released since its author looked. Of two authors at once, the first in the log
    wins, for every reader alike, whatever the second one writes. A learner's changes carry its term as well, and hold
    only while no other learner has begun a later one: one that was thought dead and wakes can change nothing.

    >>> Change(id="c", base=3, releases=()).generation
    3
    """

    schema: int = SCHEMA
    id: str  # the Kafka key; of its own, so that compaction never takes one that holds for one that does not
    base: int  # generation of the last release that the author knew of, 0 without any
    releases: tuple[Release, ...]  # generations base + 1, base + 2, …
    term: int | None = None  # of the learner that makes it, from 1; None: a person does
    begins_term: bool = False  # a learner begins its term with it

    def __post_init__(self) -> None:
        if self.begins_term and (self.term is None or self.releases):
            raise ValueError(f"term must be given, and nothing released, where one begins, got {self.term}")
        expected = tuple(range(self.base + 1, self.base + 1 + len(self.releases)))
        found = tuple(release.generation for release in self.releases)
        if found != expected:
            raise ValueError(f"releases must have the generations {expected}, got {found}")

    @property
    def generation(self) -> int:
        """That of its last release."""
        return self.base + len(self.releases)


def canonical(change: Change) -> bytes:
    """Return the JSON that is signed: keys sorted, no spaces, so that equal changes give equal bytes."""
    return msgspec.json.encode(change, order="sorted")


def decode_change(payload: bytes) -> Change:
    """Return the change that `payload` holds.

    Raises:
        msgspec.DecodeError: it is not JSON, a field is missing, or one is out of range.
    """
    return msgspec.json.decode(payload, type=Change)
