"""What the releases say together: every version, and which one serves, runs in shadow, or as a canary.

Pure: is told releases in the order of their Kafka topic, and knows neither it nor keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.policies.refusals import RefusalReason, ReleaseRefused
from pipeline.policies.release import Channel, Release


class ReleaseBoard:
    """The releases that hold.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 1, 2, tzinfo=UTC)
    >>> board = ReleaseBoard()
    >>> board.update(Release(channel=Channel.CURRENT, generation=7, version="p-1", location="file:///srv/p-1",
    ...                      checksums={}, at=at, by="ada"))
    >>> board.current.version, board.generation, board.shadow
    ('p-1', 7, None)
    """

    def __init__(self) -> None:
        self.generation = 0  # of the last release that was taken
        self._held: dict[bytes, Release] = {}

    def update(self, release: Release) -> None:
        """Take note of a release.

        Raises:
            ReleaseRefused: it is older than the last one.
        """
        if release.generation <= self.generation:
            raise ReleaseRefused(
                RefusalReason.STALE,
                f"{release.channel.value} {release.version} has generation {release.generation}, "
                f"and {self.generation} was taken already; promote it anew",
            )
        self.generation = release.generation
        self._held[release.key] = release

    @property
    def current(self) -> Release | None:
        """The release that serves; None: the policy that the settings name does."""
        return self._held.get(Channel.CURRENT.value.encode())

    @property
    def shadow(self) -> Release | None:
        """The release that runs in shadow."""
        return self._tried(Channel.SHADOW)

    @property
    def canary(self) -> Release | None:
        """The release that serves a share."""
        return self._tried(Channel.CANARY)

    @property
    def versions(self) -> Mapping[str, Release]:
        """What is said of each version, in the order in which they came."""
        of_versions = (held for held in self._held.values() if held.channel is Channel.VERSION)
        in_order = sorted(of_versions, key=lambda release: (release.at, release.generation))
        return MappingProxyType({release.version: release for release in in_order})

    def _tried(self, channel: Channel) -> Release | None:
        held = self._held.get(channel.value.encode())
        return held if held and held.share > 0 else None
