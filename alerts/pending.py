"""Pending observations: known of, and not counted until their tick is closed; in an order that no source decides."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from alerts.observation import Observation


class Pending:
    """The pending observations of one topic.

    Args:
        observations: in their order; the caller keeps the list, which is changed here.
        bin_s: length of a tick in seconds.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    >>> pending = Pending([], 300)
    >>> pending.add(Observation(document_id="a", published_at=noon, source="Wire", sentiment=(0.8, 0.1, 0.1)), 7)
    >>> pending.next_tick(), [each.document_id for each in pending.take(8)], pending.next_tick()
    (7, ['a'], None)
    """

    def __init__(self, observations: list[Observation], bin_s: int) -> None:
        self._observations = observations
        self._ticks = [observation.known_tick(bin_s) for observation in observations]

    def add(self, observation: Observation, tick: int) -> None:
        """Put an observation in its place; `tick` is the one in which it counts."""
        observations, ticks = self._observations, self._ticks
        index = bisect_right(ticks, tick)
        applied_before = observation.applied_before()
        # most come in order
        if index and ticks[index - 1] == tick and observations[index - 1].applied_before() > applied_before:
            first = bisect_left(ticks, tick)
            index = bisect_right(observations, applied_before, first, index, key=Observation.applied_before)
        observations.insert(index, observation)
        ticks.insert(index, tick)

    def take(self, tick: int) -> list[Observation]:
        """Return those of a tick and before, which are pending no more."""
        n = bisect_right(self._ticks, tick)
        if not n:
            return []
        taken = self._observations[:n]
        del self._observations[:n], self._ticks[:n]
        return taken

    def next_tick(self) -> int | None:
        """Return the earliest tick in which one counts, or `None`."""
        return self._ticks[0] if self._ticks else None

    def clear(self) -> None:
        """Drop all."""
        self._observations.clear()
        self._ticks.clear()
