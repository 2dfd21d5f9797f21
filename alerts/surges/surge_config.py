"""What makes a surge: every threshold of the detector, with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field

from alerts.surges.baseline import BaselineConfig
from alerts.surges.scale import ScaleConfig

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class SurgeConfig:
    """What makes a surge.

    >>> SurgeConfig(min_negative=0)
    Traceback (most recent call last):
        ...
    ValueError: min_negative must be >= 1, got 0
    """

    bin_s: int = 300
    # Length of a tick; the windows' own.
    window_s: int = 14_400
    # Of the counts that alerts tell, of support, and of the share.
    scales_s: tuple[int, ...] = (3_600, 14_400, 28_800)
    # Averaged: the hour is quick, four hours reach small topics, eight reach slow surges of busy ones. With half an
    # hour beside them alerts come five minutes sooner, and trickles are missed (benchmarks/surges.md).
    relative_variance: float = 0.02
    # Of counts, beyond Poisson: busy topics vary by their weather, not by chance.
    min_negative: int = 4
    # Negative stories in the current window. With five, a failure that a small trade press writes four
    # stories about in an afternoon is missed; with three, half as many again opened on a real stream. Busy
    # topics never notice: their own scale asks for more.
    min_sources: int = 2
    # Distinct sources among them: one outlet's series is not the public.
    min_posts: int = 10
    # So many negative posts stand for a second source: feeds of posts often do not name their authors.
    min_history_s: int = 2 * DAY_S
    # Below two days not even the hours of the day have been seen twice.
    return_period_s: float = 30.0 * DAY_S
    # Volume: once a month is usual, so one false alarm per topic and month at the most; one in six months
    # on simulated topics, as the share must be raised too.
    keep_return_period_s: float = 5.0 * DAY_S
    # Below it the surge is over; far enough from the other that an hour's lull does not end it.
    max_p_volume: float = 0.05
    # Counts alone: guards topics whose own scale is still mostly belief.
    max_p_share: float = 0.2
    # Share: a gate, not a second alarm (harder ones cost recall; surge.md, 4).
    keep_p_share: float = 0.5
    # More than half would be usual: the share is back.
    notable_return_period_s: float = 3.0 * DAY_S
    # From here on evidence is told, so that rules can be more sensitive than the return period above: up to ten
    # false alarms a month. Below it every quiet topic would be told of each week.
    notable_negative: int = 3
    # Likewise, of `min_negative`.
    follow_s: int = 7 * 3_600
    # Evidence goes on so long after it was last notable, for episodes to close on; longer than any hold.
    max_frozen_s: int = 2 * DAY_S
    # The baseline stands still in a surge, but what lasts longer is the new normal.
    baseline: BaselineConfig = field(default_factory=BaselineConfig)
    scale: ScaleConfig = field(default_factory=ScaleConfig)

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.bin_s < 1 or 3_600 % self.bin_s:
            raise ValueError(f"bin_s must divide an hour, got {self.bin_s}")
        self._check_lengths()
        for name in ("min_negative", "min_sources", "min_posts", "notable_return_period_s", "notable_negative"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        for name, least in (("follow_s", 1), ("min_history_s", 0), ("max_frozen_s", 0), ("relative_variance", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be >= {least}, got {getattr(self, name)}")
        if not 0 < self.keep_return_period_s <= self.return_period_s:
            raise ValueError(f"keep_return_period_s must be in (0, return_period_s], got {self.keep_return_period_s}")
        for name in ("max_p_volume", "max_p_share", "keep_p_share"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in (0, 1], got {getattr(self, name)}")

    def _check_lengths(self) -> None:
        if self.window_s < 1 or self.window_s % 3_600:
            raise ValueError(f"window_s must be > 0 and whole hours, got {self.window_s}")
        if not self.scales_s or min(self.scales_s) < 1 or max(self.scales_s) % 3_600:
            raise ValueError(f"scales_s must be > 0 and the longest whole hours, got {self.scales_s}")

    @property
    def window_ticks(self) -> int:
        """Return the length of the current window in ticks."""
        return self.window_s // self.bin_s

    @property
    def recent_ticks(self) -> int:
        """Return how many ticks back a surge is looked for."""
        return max(self.window_s, *self.scales_s) // self.bin_s

    @property
    def scale_ticks(self) -> tuple[int, ...]:
        """Return the scales in ticks, ascending; one that is shorter than a tick is a tick."""
        return tuple(sorted(max(1, scale_s // self.bin_s) for scale_s in self.scales_s))
