"""Absolute rules: a measure of a topic beyond a threshold for so long, whatever is usual for the topic.

Told the counts of ticks; knows no stories and no alerts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import Literal, NamedTuple, get_args

import msgspec

from alerts.rules.faults import FieldFaults

Measure = Literal["polarity_below", "negative_share_above"]
AlertSeverity = Literal["warning", "critical"]

_LONGEST_S = 7 * 86_400
_MAX_PARTS = 48  # of a window: four hours of five minutes each; 850 bytes at the most
_NEVER = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsoluteRule:
    """A measure over the trailing window beyond a threshold, for so long.

    >>> AbsoluteRule(name="sour", measure="polarity_below", threshold=-1.0)
    Traceback (most recent call last):
        ...
    alerts.rules.faults.FieldFaults: threshold must be in (-1, 1], got -1.0: polarity is never below -1

    Raises:
        FieldFaults: it could never, or would always, be on, or is out of range otherwise.
    """

    name: str
    measure: Measure
    # Polarity: its mean over the stories. Negative share: negative stories of all.
    threshold: float
    # Beyond it, not at it.
    for_s: int = 1_800
    # At every tick of so long: one bad tick is no state of affairs.
    window_s: int = 14_400
    # As the surges' current window.
    min_stories: int = 10
    # With fewer in the window the measure is not known: a share of five moves by fifths.
    severity: AlertSeverity = "warning"

    def __post_init__(self) -> None:
        """Check the ranges."""
        found = tuple(_faults(self))
        if found:
            raise FieldFaults(*found)


def _faults(rule: AbsoluteRule) -> Iterator[tuple[str, str]]:
    if not rule.name:
        yield "name", "must not be empty"
    if rule.measure == "polarity_below" and not -1 < rule.threshold <= 1:
        yield "threshold", f"must be in (-1, 1], got {rule.threshold}: {_bound(rule.threshold, 'polarity', -1, 1)}"
    if rule.measure == "negative_share_above" and not 0 <= rule.threshold < 1:
        yield "threshold", f"must be in [0, 1), got {rule.threshold}: {_bound(rule.threshold, 'a share', 0, 1)}"
    if not 0 <= rule.for_s <= _LONGEST_S:
        yield "for_s", f"must be between 0s and 7d, got {rule.for_s} s"
    if not 0 < rule.window_s <= _LONGEST_S:
        yield "window_s", f"must be above 0s and at most 7d, got {rule.window_s} s"
    if rule.min_stories < 1:
        yield "min_stories", f"must be >= 1, got {rule.min_stories}"
    if rule.severity not in get_args(AlertSeverity):
        yield "severity", f"must be warning or critical, got {rule.severity!r:.60}"


def _bound(threshold: float, what: str, lowest: int, highest: int) -> str:
    return f"{what} is never below {lowest}" if threshold <= lowest else f"{what} is never above {highest}"


class AbsoluteReason(StrEnum):
    """Why an absolute rule did, or did not, change."""

    BEGAN = "began"  # a change: beyond the threshold at every tick of `for_s`
    ENDED = "ended"  # a change: not beyond it for long enough, and known to be back
    LAPSED = "lapsed"  # a change: not known to be beyond it for long enough, as there were too few stories
    ALREADY_APPLIED = "already_applied"  # a tick at or before the last applied one
    NOT_BEYOND = "not_beyond"
    TOO_FEW_STORIES = "too_few_stories"  # not known
    PENDING = "pending"  # beyond it, and not for long enough
    UNCHANGED = "unchanged"  # on, and still beyond it
    FADING = "fading"  # on, and no longer known to be beyond it, but not for long enough


class AbsoluteStanding(NamedTuple):
    """What is known at the last applied tick."""

    is_on: bool
    measured: float | None  # None: too few stories
    n_stories: int
    n_negative: int
    since_tick: int | None  # since when it has been beyond the threshold at every tick


class AbsoluteState(msgspec.Struct, array_like=True):
    """All that is kept of a rule and a topic."""

    applied: int | None = None
    counts: list[tuple[int, int, int, int]] = []  # first tick, stories, negative ones, sum of polarity in thousandths
    since: int | None = None  # first tick of the unbroken run beyond the threshold that goes on
    beyond: int | None = None  # last tick beyond it
    is_on: bool = False


class _Span(NamedTuple):
    """Ticks in all of which the measure is beyond the threshold, or not, or not known."""

    first: int
    last: int
    is_beyond: bool | None  # None: too few stories


class AbsoluteWatch:
    """One absolute rule on one topic.

    It begins once the measure was beyond the threshold at every tick of `for_s`; a tick at which too few
    stories are in the window breaks that, as what is not known does not hold. It ends once the measure was
    at no tick beyond it for `window_s` (or `for_s`, if that is longer): by then every story that spoke for it
    has left the window, and a lull of a tick or two ends nothing. Too few stories alone are no sign that it
    is over, so what ends among them has only lapsed.

    Windows of more than 48 ticks are counted in up to 48 equal parts, and are that much coarser. What it
    returns does not depend on which ticks without stories it is told of, if it is told of `next_tick`.

    >>> rule = AbsoluteRule(name="sour", measure="polarity_below", threshold=-0.4, for_s=600, min_stories=3)
    >>> watch = AbsoluteWatch(rule, bin_s=300)
    >>> watch.update(100, n_stories=4, n_negative=3, polarity_sum=-2.4).value, watch.next_tick()
    ('pending', 102)
    >>> watch.update(102, 0, 0, 0.0).value, watch.get().measured, watch.next_tick()
    ('began', -0.6, 195)
    """

    def __init__(self, rule: AbsoluteRule, bin_s: int, state: AbsoluteState | None = None) -> None:
        self._rule = rule
        self._for_ticks = -(-rule.for_s // bin_s)
        self._window_ticks = -(-rule.window_s // bin_s)
        self._part_ticks = -(-self._window_ticks // _MAX_PARTS)
        self._n_parts = -(-self._window_ticks // self._part_ticks)
        self._state = state or AbsoluteState()

    def update(self, tick: int, n_stories: int, n_negative: int, polarity_sum: float) -> AbsoluteReason:
        """Count the novel stories of a tick, and return what that changes.

        Args:
            tick: its number.
            n_stories: novel in it.
            n_negative: of these.
            polarity_sum: of these stories, kept to thousandths.

        Raises:
            ValueError: more stories are negative than there are.
        """
        if not 0 <= n_negative <= n_stories:
            raise ValueError(f"n_negative must be between 0 and n_stories ({n_stories}), got {n_negative}")
        state = self._state
        if state.applied is not None and tick <= state.applied:
            return AbsoluteReason.ALREADY_APPLIED
        was_on = state.is_on
        for span in self._spans(until=tick - 1):
            self._state = self._after(self._state, span)
        self._count(tick, n_stories, n_negative, round(1_000 * polarity_sum))
        is_beyond = self._is_beyond(*self._totals(tick))
        self._state = self._after(self._state, _Span(tick, tick, is_beyond))
        return self._reason(was_on, is_beyond)

    def get(self) -> AbsoluteStanding:
        """Return what is known at the last applied tick."""
        state = self._state
        n_stories, n_negative, polarity = self._totals(state.applied or 0)
        measured = self._measured(n_stories, n_negative, polarity)
        return AbsoluteStanding(state.is_on, measured, n_stories, n_negative, state.since)

    def next_tick(self) -> int | None:
        """Return the tick at which the rule changes if no story comes before it, or None if it does not.

        A change that the caller does not come back for is told at the next tick, or not at all if it was undone.
        """
        state = self._state
        for span in self._spans(until=_NEVER):
            change = self._change(state, span)
            if change is not None:
                return change
            state = self._after(state, span)
        return None

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self._state)

    @classmethod
    def restore(cls, rule: AbsoluteRule, bin_s: int, snapshot: bytes) -> AbsoluteWatch:
        """Return a watch that goes on where the snapshot was taken; under another rule, with what it has counted."""
        return cls(rule, bin_s, msgspec.msgpack.decode(snapshot, type=AbsoluteState))

    def _count(self, tick: int, n_stories: int, n_negative: int, polarity: int) -> None:
        counts = self._held(tick)
        if n_stories:
            first = tick - tick % self._part_ticks
            if counts and counts[-1][0] >= first:
                first, n_before, n_negative_before, polarity_before = counts.pop()
                n_stories += n_before
                n_negative += n_negative_before
                polarity += polarity_before
            counts.append((first, n_stories, n_negative, polarity))
        self._state.counts = counts

    def _spans(self, until: int) -> list[_Span]:
        """Return spans of ticks after the last applied one, as they are if no story comes."""
        if self._state.applied is None or self._state.applied >= until:
            return []
        spans, first = [], self._state.applied + 1
        n_stories, n_negative, polarity = self._totals(first)
        is_beyond = self._is_beyond(n_stories, n_negative, polarity)
        for counted_at, n, n_of_them, of_them in self._held(first):
            leaves_at = self._leaves_at(counted_at)
            if leaves_at > until:
                break
            n_stories, n_negative, polarity = n_stories - n, n_negative - n_of_them, polarity - of_them
            was_beyond, is_beyond = is_beyond, self._is_beyond(n_stories, n_negative, polarity)
            if was_beyond is not is_beyond and leaves_at > first:
                spans.append(_Span(first, leaves_at - 1, was_beyond))
                first = leaves_at
        return [*spans, _Span(first, until, is_beyond)]

    def _change(self, state: AbsoluteState, span: _Span) -> int | None:
        """Return the tick of a span at which the rule goes on or off, if it does."""
        if state.is_on == bool(span.is_beyond):
            return None
        if span.is_beyond:
            since, wait = span.first if state.since is None else state.since, self._for_ticks
        else:
            since, wait = state.beyond or 0, max(self._for_ticks, self._window_ticks)
        tick = max(span.first, since + wait)
        return tick if tick <= span.last else None

    def _after(self, state: AbsoluteState, span: _Span) -> AbsoluteState:
        since = (span.first if state.since is None else state.since) if span.is_beyond else None
        return AbsoluteState(
            applied=span.last,
            counts=state.counts,
            since=since,
            beyond=span.last if span.is_beyond else state.beyond,
            is_on=state.is_on != (self._change(state, span) is not None),
        )

    def _leaves_at(self, first: int) -> int:
        """Return the first tick whose window does not hold what was counted from tick `first` on."""
        return (first // self._part_ticks + self._n_parts) * self._part_ticks

    def _held(self, tick: int) -> list[tuple[int, int, int, int]]:
        """Return what was counted in the window of a tick."""
        oldest = (tick // self._part_ticks - self._n_parts + 1) * self._part_ticks
        return self._state.counts[bisect_left(self._state.counts, oldest, key=itemgetter(0)) :]

    def _totals(self, tick: int) -> tuple[int, int, int]:
        n_stories = n_negative = polarity = 0
        for _, n, n_of_them, of_them in self._held(tick):
            n_stories, n_negative, polarity = n_stories + n, n_negative + n_of_them, polarity + of_them
        return n_stories, n_negative, polarity

    def _measured(self, n_stories: int, n_negative: int, polarity: int) -> float | None:
        if n_stories < self._rule.min_stories:
            return None
        return polarity / (1_000 * n_stories) if self._rule.measure == "polarity_below" else n_negative / n_stories

    def _is_beyond(self, n_stories: int, n_negative: int, polarity: int) -> bool | None:
        measured = self._measured(n_stories, n_negative, polarity)
        if measured is None:
            return None
        is_below = self._rule.measure == "polarity_below"
        return measured < self._rule.threshold if is_below else measured > self._rule.threshold

    def _reason(self, was_on: bool, is_beyond: bool | None) -> AbsoluteReason:
        if self._state.is_on and not was_on:
            return AbsoluteReason.BEGAN
        if was_on and not self._state.is_on:
            return AbsoluteReason.LAPSED if is_beyond is None else AbsoluteReason.ENDED
        if self._state.is_on:
            return AbsoluteReason.UNCHANGED if is_beyond else AbsoluteReason.FADING
        if is_beyond is None:
            return AbsoluteReason.TOO_FEW_STORIES
        return AbsoluteReason.PENDING if is_beyond else AbsoluteReason.NOT_BEYOND
