"""Changes that quiet hours hold back: told at their end, or with something critical before.

One topic's; knows nothing of where changes come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from alerts.episodes.episodes import Severity
from alerts.episodes.fleet import Change
from alerts.rules.quiet import QuietHours, quiet_until


class HeldState(msgspec.Struct):
    """What has to be kept."""

    until: datetime | None = None
    changes: list[Change] = []


class HeldChanges:
    """Changes of one topic that wait for the end of quiet hours.

    >>> held = HeldChanges()
    >>> held.release(datetime.fromisoformat("2026-01-02T12:00:00+00:00"))
    []
    """

    def __init__(self, state: HeldState | None = None) -> None:
        self.state = state or HeldState()

    @property
    def until(self) -> datetime | None:
        """Return when what is held is to be told; `None`: nothing is."""
        return self.state.until

    def take(self, change: Change, quiet: Sequence[QuietHours]) -> list[Change]:
        """Return what is to be told now: nothing in quiet hours, all that was held with a change that may be told.

        Args:
            change: new, or the same again after a crash.
            quiet: the topic's quiet hours.
        """
        transition = change.transition
        until = quiet_until(quiet, transition.at, is_critical=transition.severity is Severity.CRITICAL)
        self.state.changes = [held for held in self.state.changes if held.transition.id != transition.id]
        if until is None:
            return [*self._emptied(), change]
        self.state.changes.append(change)
        self.state.until = max(until, self.state.until or until)
        return []

    def release(self, at: datetime) -> list[Change]:
        """Return what was held, if quiet hours are over."""
        return self._emptied() if self.state.until is not None and self.state.until <= at else []

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self.state)

    @classmethod
    def restore(cls, snapshot: bytes) -> HeldChanges:
        """Return what was held when the snapshot was taken."""
        return cls(msgspec.msgpack.decode(snapshot, type=HeldState))

    def _emptied(self) -> list[Change]:
        changes, self.state = self.state.changes, HeldState()
        return changes
