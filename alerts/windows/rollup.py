"""Rollup: the longer windows of one topic (an hour, a day), each the sum of the bins it covers.

Told which bins were touched, became final or were corrected; knows no document, and no story but as a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from alerts.ticks import tick_end, tick_of, tick_start
from alerts.windows.counts import WindowCounts
from alerts.windows.distinct import n_distinct, with_sources
from alerts.windows.history import Change, History
from alerts.windows.windows import Window, WindowConfig, WindowStatus

Held = Callable[[int, int], list[Window]]
"""Returns the bins from one tick to another that are not final, as they stand."""


class OpenRollup(msgspec.Struct, array_like=True, gc=False):
    """A longer window that can still change."""

    counts: WindowCounts = msgspec.field(default_factory=WindowCounts)  # of its final bins
    sources: bytes = b""  # of these, see `distinct.py`
    is_touched: bool = False  # since it was told last
    is_told: bool = False


class RollupState(msgspec.Struct, array_like=True):
    """All that is kept of a topic's windows of one length."""

    open: dict[int, OpenRollup] = {}  # by tick of this length
    finals: dict[int, bytes] = {}  # likewise, as corrected so far, while corrections of their bins are possible
    history: bytes = b""


class Rollup:
    """One topic's windows of one length.

    A window is told when its end has come, again when a bin of it has changed after that, and for the last time when
    its last bin is final. What corrections make of it then is told beside it. Whatever the last word on it is: its
    counts are the sums of the last words on its bins. A story counts in the bin of its first document, so once.

    Args:
        topic: its id.
        config: of the bins.
        resolution_s: length of a window.
        horizon_s: for how long bins are corrected.
        state: as it was kept.

    >>> from datetime import UTC, datetime
    >>> at = datetime(1970, 1, 1, tzinfo=UTC)
    >>> bin = Window("FTX", at, at, WindowStatus.FINAL, 2, 1, 1, 0, 0, -0.7, 1.0, 2, {"v1": 2}, {"v1": (1, 1)}, 1.0,
    ...     sources=(7, 8))
    >>> rollup = Rollup("FTX", WindowConfig(), 3_600)
    >>> rollup.close(6, touched=[0], final=[bin], changes=[], held=lambda first, last: []), rollup.next_tick()
    ([], 11)
    >>> [(window.status.value, window.n_negative, window.n_sources)
    ...     for window in rollup.close(11, touched=[], final=[], changes=[], held=lambda first, last: [])]
    [('provisional', 1, 2)]
    """

    def __init__(
        self,
        topic: str,
        config: WindowConfig,
        resolution_s: int,
        horizon_s: int = 86_400,
        state: RollupState | None = None,
    ) -> None:
        self._topic = topic
        self._config = config
        self._resolution_s = resolution_s
        self._n_bins = resolution_s // config.bin_s
        self._n_kept = horizon_s // resolution_s + 1  # the window of the oldest bin that is corrected among them
        self._state = RollupState() if state is None else state
        self._history = History(resolution_s, self._state.history)
        self._corrected: set[int] = set()
        self._due = self._next_tick()  # asked for every topic at every tick

    @property
    def state(self) -> RollupState:
        """Return all that is to be kept."""
        self._state.history = self._history.snapshot()
        return self._state

    def next_tick(self) -> int | None:
        """Return the tick of a bin with whose close there is something to tell, if no bin changes before."""
        return self._due

    def begin(self, final: Iterable[tuple[int, WindowCounts]], held: Iterable[int], closed_until: int) -> None:
        """Take over bins from before there were windows of this length.

        Of the oldest window the first bins may be forgotten, and of all the sources are at least those of a bin.

        Args:
            final: those that can still be corrected, by tick.
            held: the ticks of those that are not final.
            closed_until: the last closed tick.
        """
        for tick, counts in final:
            one = self._open(tick // self._n_bins)
            one.counts.add(counts)
            one.counts.n_sources = max(one.counts.n_sources, counts.n_sources)
        for tick in held:
            self._open(tick // self._n_bins)
        for number, one in sorted(self._state.open.items()):
            one.is_told = self._last(number) <= closed_until
            if self._config.final_tick(self._last(number)) <= closed_until:
                self._keep(number, self._state.open.pop(number).counts)
        self._due = self._next_tick()

    def close(
        self,
        tick: int,
        touched: Sequence[int],
        final: Sequence[Window],
        changes: Sequence[tuple[int, WindowCounts]],
        held: Held,
    ) -> list[Window]:
        """Return the windows that the close of a bin's tick has something to say about, oldest first.

        Args:
            tick: being closed.
            touched: ticks of the bins that have changed in it, and were not final before.
            final: the bins that become final with it.
            changes: what corrections add to bins that were final before, by tick.
            held: of the bins that are not final after it.
        """
        is_due = self._due is not None and self._due <= tick
        if not (is_due or touched or final or changes):
            return []
        n_open, is_told_anew = len(self._state.open), bool(changes)
        for changed in touched:
            one = self._open(changed // self._n_bins)
            one.is_touched = True
            is_told_anew = is_told_anew or one.is_told
        for window in final:
            one = self._open(tick_of(window.start_at, self._resolution_s))
            one.counts.add(WindowCounts.of(window))
            one.sources = with_sources(one.sources, window.sources)
        for corrected, change in changes:
            self._correct(corrected // self._n_bins, change, tick)
        told = self._correct_finals()
        if is_due or is_told_anew or len(self._state.open) > n_open:
            for number in sorted(self._state.open):
                told += self._tell(number, tick, held)
            self._due = self._next_tick()
        return told

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self.state)

    @classmethod
    def restore(cls, topic: str, config: WindowConfig, resolution_s: int, horizon_s: int, snapshot: bytes) -> Rollup:
        """Return windows that go on where the snapshot was taken."""
        state = msgspec.msgpack.decode(snapshot, type=RollupState)
        return cls(topic, config, resolution_s, horizon_s, state)

    def _next_tick(self) -> int | None:
        due = [
            self._config.final_tick(self._last(number)) if one.is_told else self._last(number)
            for number, one in self._state.open.items()
        ]
        return min(due, default=None)

    def _last(self, number: int) -> int:
        """Return the tick of a window's last bin."""
        return (number + 1) * self._n_bins - 1

    def _open(self, number: int) -> OpenRollup:
        held = self._state.open.get(number)
        if held is None:
            held = self._state.open[number] = OpenRollup()
        return held

    def _tell(self, number: int, tick: int, held: Held) -> list[Window]:
        one, last = self._state.open[number], self._last(number)
        if self._config.final_tick(last) <= tick:
            del self._state.open[number]
            counts = self._sum(number, one, held)
            self._keep(number, counts)
            return [self._window(number, counts, WindowStatus.FINAL)]
        if tick < last or (one.is_told and not one.is_touched):
            return []
        one.is_touched, one.is_told = False, True
        status = WindowStatus.PROVISIONAL if tick == last else WindowStatus.REVISED
        return [self._window(number, self._sum(number, one, held), status)]

    def _sum(self, number: int, one: OpenRollup, held: Held) -> WindowCounts:
        counts, sources = WindowCounts(), one.sources
        counts.add(one.counts)
        for window in held(number * self._n_bins, self._last(number)):
            counts.add(WindowCounts.of(window))
            sources = with_sources(sources, window.sources)
        # a document that a correction brought to a final bin has told no source
        counts.n_sources = max(1, one.counts.n_sources, n_distinct(sources))
        return counts

    def _keep(self, number: int, counts: WindowCounts) -> None:
        self._put(number, counts)
        while (oldest := next(iter(self._state.finals))) <= number - self._n_kept:
            del self._state.finals[oldest]

    def _put(self, number: int, counts: WindowCounts) -> None:
        finals = self._state.finals
        is_last = not finals or number >= next(reversed(finals))
        finals[number] = msgspec.msgpack.encode(counts)
        if not is_last:  # in order, so that the oldest is forgotten first
            self._state.finals = dict(sorted(finals.items()))
        self._history.update(number, counts.n_stories, counts.n_negative / counts.negative_ratio)

    def _correct(self, number: int, change: WindowCounts, tick: int) -> None:
        if number in self._state.open or tick <= self._config.final_tick(self._last(number)):
            one = self._open(number)
            one.counts.add(change)
            one.is_touched = True
            return
        known = self._state.finals.get(number)
        counts = WindowCounts(n_sources=1) if known is None else msgspec.msgpack.decode(known, type=WindowCounts)
        counts.add(change)
        self._put(number, counts)
        self._corrected.add(number)

    def _correct_finals(self) -> list[Window]:
        told = []
        for number in sorted(self._corrected):
            counts = msgspec.msgpack.decode(self._state.finals[number], type=WindowCounts)
            told.append(self._window(number, counts, WindowStatus.CORRECTED))
        self._corrected.clear()
        return told

    def _window(self, number: int, counts: WindowCounts, status: WindowStatus) -> Window:
        counted = (counts.n_stories, counts.n_negative, counts.negative_ratio)
        day, week = self._history.day_before(number), self._history.week_before(number)
        changes = (Change.between(*counted, day), Change.between(*counted, week))
        between = (tick_start(number, self._resolution_s), tick_end(number, self._resolution_s))
        return counts.window(self._topic, between, status, changes)
