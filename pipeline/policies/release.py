"""What is said of a version on `policies`: what it is made of, and whether it serves, is tried, or was judged.

Owns the record and its bytes. Knows neither Kafka nor keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from pipeline.records import SCHEMA, AwareDatetime
from rl.registry.stored import StoredPolicy


class Channel(StrEnum):
    """What a release says of its version; the last three are Kafka keys, each with one release that holds.

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


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the policy, and what it is for from now on (`policies`).

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 1, 2, tzinfo=UTC)
    >>> release = Release(channel=Channel.CURRENT, generation=7, version="p-1", location="file:///srv/p-1",
    ...                   checksums={"manifest.json": "0" * 64}, at=at, by="ada")
    >>> release.key, decode_release(canonical(release)) == release
    (b'current', True)
    """

    schema: int = SCHEMA
    channel: Channel
    generation: int  # of the whole Kafka topic, one more with each release: a lower one is older, and ignored
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
    def key(self) -> bytes:
        """The Kafka key: what later releases of the same key replace."""
        return (self.version if self.channel is Channel.VERSION else self.channel.value).encode()

    @property
    def stored(self) -> StoredPolicy:
        """Where the version lies and what it must be."""
        return StoredPolicy(self.version, self.location, self.checksums)


def canonical(release: Release) -> bytes:
    """Return the JSON that is signed: keys sorted, no spaces, so that equal releases give equal bytes."""
    return msgspec.json.encode(release, order="sorted")


def decode_release(payload: bytes) -> Release:
    """Return the release that `payload` holds.

    Raises:
        msgspec.DecodeError: it is not JSON, a field is missing, or one is out of range.
    """
    return msgspec.json.decode(payload, type=Release)
