"""What the releases say together: every version, and which one serves, runs in shadow, or as a canary.

Pure: is told changes in the order of their Kafka topic, and knows neither it nor keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.policies.refusals import RefusalReason, ReleaseRefused
from pipeline.policies.release import Change, Channel, Release


class ReleaseBoard:
    """The releases that hold.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 1, 2, tzinfo=UTC)
    >>> board = ReleaseBoard()
    >>> release = Release(channel=Channel.CURRENT, generation=1, version="p-1", location="file:///srv/p-1",
    ...                   checksums={}, at=at, by="ada")
    >>> board.update(Change(id="c", base=0, releases=(release,)))
    >>> board.current.version, board.generation, board.shadow
    ('p-1', 1, None)
    """

    def __init__(self) -> None:
        self.generation = 0  # of the last release that holds
        self.term = 0  # of the last learner that began; 0 without any
        self._held: dict[str, Release] = {}

    def update(self, change: Change) -> None:
        """Take note of a change, wholly.

        Raises:
            ReleaseRefused: its author did not know of the last one, or is a learner whose term is over.
        """
        if change.begins_term:
            self._begin_term(change)
            return
        if change.term is not None and change.term != self.term:
            raise ReleaseRefused(
                RefusalReason.FENCED,
                f"change {change.id} is of the learner's term {change.term}, and term {self.term} has begun: end it",
            )
        if change.base != self.generation:
            raise ReleaseRefused(
                RefusalReason.STALE,
                f"change {change.id} was made on generation {change.base}, and {self.generation} holds: make it anew",
            )
        self.generation = change.generation
        self._held.update((release.key, release) for release in change.releases)

    @property
    def current(self) -> Release | None:
        """The release that serves; None: the policy that the settings name does."""
        return self._held.get(Channel.CURRENT.value)

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
        held = self._held.get(channel.value)
        return held if held and held.share > 0 else None

    def _begin_term(self, change: Change) -> None:
        if change.term != self.term + 1:
            raise ReleaseRefused(
                RefusalReason.FENCED, f"term {change.term} does not follow term {self.term}: begin a later one"
            )
        self.term = change.term
