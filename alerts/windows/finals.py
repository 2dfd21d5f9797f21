"""Final windows of one topic, in few numbers and for a day, so that corrections can put another view beside them.

A final window itself never changes. Knows no stories.
"""

from __future__ import annotations

import msgspec

from alerts.ticks import tick_end, tick_start
from alerts.windows.counts import WindowCounts
from alerts.windows.windows import NovelStory, Window, WindowConfig, WindowStatus


class FinalWindows:
    """The last day's final windows of one topic.

    >>> from datetime import UTC, datetime
    >>> at = datetime(1970, 1, 1, tzinfo=UTC)
    >>> finals = FinalWindows("FTX", WindowConfig(), horizon_s=86_400)
    >>> finals.keep(Window("FTX", at, at, WindowStatus.FINAL, 1, 1, 1, 0, 0, -0.7, 1.0, 1, {"v1": 1},
    ...     {"v1": (1, 1)}, 1.0), tick=0)
    >>> finals.revise(0, was=NovelStory("negative", -0.7, "v1"), now=NovelStory("positive", 0.9, "v1"))
    True
    >>> [(window.status.value, window.n_negative, window.n_positive) for window in finals.corrected()]
    [('corrected', 0, 1)]
    """

    def __init__(
        self, topic: str, config: WindowConfig, horizon_s: int, state: dict[int, bytes] | None = None
    ) -> None:
        self._topic = topic
        self._config = config
        self._n_kept = horizon_s // config.bin_s
        # by tick, encoded: hardly any is looked at again, and all are written with each state
        self.state = {} if state is None else state
        self._before: dict[int, bytes | None] = {}  # of those corrected since they were last told

    def keep(self, window: Window, tick: int) -> None:
        """Remember a window that has become final, and forget what is too old.

        Args:
            window: as it was told.
            tick: its own; windows become final in the order of their ticks.
        """
        self.state[tick] = msgspec.msgpack.encode(WindowCounts.of(window))
        while (oldest := next(iter(self.state))) <= tick - self._n_kept:
            del self.state[oldest]

    def counts(self) -> list[tuple[int, WindowCounts]]:
        """Return what is remembered, as corrected so far, by tick, oldest first."""
        return [(tick, _decoded(held)) for tick, held in sorted(self.state.items())]

    def is_within(self, tick: int, now: int) -> bool:
        """Return whether the window of a tick is recent enough to be corrected at the tick `now`."""
        return tick > now - self._n_kept

    def add_document(self, tick: int, policy_version: str) -> None:
        """Count a document that a correction has brought, in a window that perhaps was none before."""
        counts = self._counts(tick) or WindowCounts()
        counts.versions.setdefault(policy_version, [0, 0, 0])[0] += 1
        counts.n_sources = max(1, counts.n_sources)
        self._correct(tick, counts)

    def remove_document(self, tick: int, policy_version: str) -> None:
        """Take back a document that is not about the topic."""
        counts = self._counts(tick)
        if counts is None:
            return
        version = counts.versions.setdefault(policy_version, [0, 0, 0])
        version[0] = max(0, version[0] - 1)
        self._correct(tick, counts)

    def revise(self, tick: int, was: NovelStory | None, now: NovelStory | None) -> bool:
        """Have a story count as corrected, and return whether its window is still remembered.

        Args:
            tick: of its window.
            was: as what it has counted; None: it has not.
            now: as what it counts; None: it does not.
        """
        counts = self._counts(tick)
        if counts is None:
            return False
        if was is not None:
            counts.count(was, -1)
        if now is not None:
            counts.count(now, 1)
        self._correct(tick, counts)
        return True

    def changes(self) -> list[tuple[int, WindowCounts]]:
        """Return what corrections have added to windows since `corrected` was last asked, by tick, oldest first."""
        if not self._before:
            return []
        changes = []
        for tick, before in sorted(self._before.items()):
            change = self._counts(tick) or WindowCounts()
            if before is not None:
                change.add(_decoded(before), -1)
            changes.append((tick, change))
        return changes

    def corrected(self) -> list[Window]:
        """Return the windows that were corrected since it was last asked, oldest first."""
        if not self._before:
            return []
        corrected = [(tick, self._counts(tick)) for tick in sorted(self._before)]
        self._before.clear()
        return [self._report(tick, counts) for tick, counts in corrected if counts is not None]

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self.state)

    @classmethod
    def restore(cls, topic: str, config: WindowConfig, horizon_s: int, snapshot: bytes) -> FinalWindows:
        """Return windows that go on where the snapshot was taken."""
        return cls(topic, config, horizon_s, msgspec.msgpack.decode(snapshot, type=dict[int, bytes]))

    def _counts(self, tick: int) -> WindowCounts | None:
        held = self.state.get(tick)
        return None if held is None else _decoded(held)

    def _correct(self, tick: int, counts: WindowCounts) -> None:
        before = self.state.get(tick)
        self._before.setdefault(tick, before)
        self.state[tick] = msgspec.msgpack.encode(counts)
        if before is None:  # in order, so that the oldest is forgotten first
            in_order = sorted(self.state.items())
            self.state.clear()
            self.state.update(in_order)

    def _report(self, tick: int, counts: WindowCounts) -> Window:
        between = (tick_start(tick, self._config.bin_s), tick_end(tick, self._config.bin_s))
        return counts.window(self._topic, between, WindowStatus.CORRECTED)


def _decoded(held: bytes) -> WindowCounts:
    return msgspec.msgpack.decode(held, type=WindowCounts)
