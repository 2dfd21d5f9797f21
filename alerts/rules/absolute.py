"""Absolute rules: a measure of a topic beyond a threshold for so long, whatever is usual for the topic.

Told the counts of ticks; knows no stories and no alerts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

import msgspec

from alerts.rules.durations import written_duration

Measure = Literal["polarity_below", "negative_share_above"]

_LONGEST_S = 7 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsoluteRule:
    """A measure over the trailing window beyond a threshold, for so long.

    >>> AbsoluteRule(name="sour", measure="polarity_below", threshold=-1.0)
    Traceback (most recent call last):
        ...
    ValueError: threshold must be in (-1, 1] for polarity_below, or it could never, or always, hold, got -1.0
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
    severity: Literal["warning", "critical"] = "warning"

    def __post_init__(self) -> None:
        """Check the ranges."""
        for fault in absolute_faults(self):
            raise ValueError(fault)


def absolute_faults(rule: AbsoluteRule) -> Iterator[str]:
    """Yield what is wrong with an absolute rule, a line each."""
    lowest, highest = (-1, 1) if rule.measure == "polarity_below" else (0, 1)
    if rule.measure == "polarity_below" and not lowest < rule.threshold <= highest:
        yield (
            f"threshold must be in (-1, 1] for polarity_below, or it could never, or always, hold, "
            f"got {rule.threshold}"
        )
    if rule.measure == "negative_share_above" and not lowest <= rule.threshold < highest:
        yield (
            f"threshold must be in [0, 1) for negative_share_above, or it could never, or always, hold, "
            f"got {rule.threshold}"
        )
    if not rule.name:
        yield "name must not be empty"
    if not 0 <= rule.for_s <= _LONGEST_S:
        yield f"for_s must be between 0 and 7d, got {written_duration(rule.for_s)}"
    if not 0 < rule.window_s <= _LONGEST_S:
        yield f"window_s must be above 0 and at most 7d, got {written_duration(rule.window_s)}"
    if rule.min_stories < 1:
        yield f"min_stories must be >= 1, got {rule.min_stories}"


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


class AbsoluteWatch:
    """One absolute rule on one topic (skeleton)."""

    def __init__(self, rule: AbsoluteRule, bin_s: int, state: AbsoluteState | None = None) -> None:
        self._rule = rule
        self._bin_s = bin_s
        self._state = state or AbsoluteState()

    def update(self, tick: int, n_stories: int, n_negative: int, polarity_sum: float) -> AbsoluteReason:
        """Count the novel stories of a tick, and return what that changes."""
        raise NotImplementedError

    def get(self) -> AbsoluteStanding:
        """Return what is known at the last applied tick."""
        raise NotImplementedError

    def next_tick(self) -> int | None:
        """Return the tick at which the rule changes if no story comes, or None if it does not."""
        raise NotImplementedError

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self._state)

    @classmethod
    def restore(cls, rule: AbsoluteRule, bin_s: int, snapshot: bytes) -> AbsoluteWatch:
        """Return a watch that goes on where the snapshot was taken."""
        return cls(rule, bin_s, msgspec.msgpack.decode(snapshot, type=AbsoluteState))
