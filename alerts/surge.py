"""The surge detector of one topic: volume and share of negative stories against the topic's own past.

Updated at ticks that have stories, and at every tick while a surge lasts. Never looks ahead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from alerts.baseline import Baseline, BaselineConfig, BaselineState
from alerts.current import CurrentWindow, TickCounts
from alerts.evidence import Evidence, SurgeReason
from alerts.scale import OwnScale, ScaleConfig, ScaleState
from alerts.ticks import tick_end, tick_start

__all__ = ["DetectorState", "Evidence", "SurgeConfig", "SurgeDetector", "SurgeReason", "TickCounts"]

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
    scales_s: tuple[int, ...] = (3_600, 14_400)
    # Averaged: the hour is quick, four hours reach small topics. The longest is the current window.
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
    follow_s: int = 7 * 3_600
    # Evidence goes on so long after a surge, for episodes to close on; longer than their hold.
    max_frozen_s: int = 2 * DAY_S
    # The baseline stands still in a surge, but what lasts longer is the new normal.
    baseline: BaselineConfig = field(default_factory=BaselineConfig)
    scale: ScaleConfig = field(default_factory=ScaleConfig)

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.bin_s < 1 or 3_600 % self.bin_s:
            raise ValueError(f"bin_s must divide an hour, got {self.bin_s}")
        if not self.scales_s or any(scale_s < 3_600 or scale_s % 3_600 for scale_s in self.scales_s):
            raise ValueError(f"scales_s must be whole hours, got {self.scales_s}")
        for name in ("min_negative", "min_sources", "min_posts", "follow_s"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        for name in ("min_history_s", "max_frozen_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")
        if not 0 < self.keep_return_period_s <= self.return_period_s:
            raise ValueError(f"keep_return_period_s must be in (0, return_period_s], got {self.keep_return_period_s}")
        for name in ("max_p_volume", "max_p_share", "keep_p_share"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in (0, 1], got {getattr(self, name)}")

    @property
    def window_ticks(self) -> int:
        """Return the length of the current window in ticks."""
        return max(self.scales_s) // self.bin_s


class DetectorState(msgspec.Struct, array_like=True):
    """What has to be kept between ticks."""

    first_tick: int
    hour: int  # the next one that the baseline has to learn
    scale: ScaleState
    baseline: BaselineState
    recent: list[TickCounts] = []  # of hours that the baseline has not learnt; ascending
    last_tick: int | None = None
    over_since: int | None = None  # first tick of the present surge
    raised_at: int = 0  # its last tick so far
    onset: int | None = None


class SurgeDetector:
    """Decides at each tick whether one topic is in a surge, and says why.

    A surge can begin only in a tick that brings a negative story. *See* "Statistics of extremes" in
    `scale.py`, and `baseline.py` for what is expected.

    >>> detector = SurgeDetector("FTX", SurgeConfig(), first_tick=0)
    >>> detector.update(TickCounts(4_000, n_stories=1)) is None
    True
    >>> evidence = detector.update(TickCounts(4_001, n_stories=6, n_negative=6, sources=(1, 2, 3)))
    >>> evidence.reason, evidence.n_negative
    (<SurgeReason.SURGE: 'surge'>, 6)
    """

    def __init__(
        self, topic: str, config: SurgeConfig, first_tick: int = 0, state: DetectorState | None = None
    ) -> None:
        self._topic = topic
        self._config = config
        self._ticks_an_hour = 3_600 // config.bin_s
        self.state = state or DetectorState(
            first_tick=first_tick,
            hour=first_tick // self._ticks_an_hour,
            scale=ScaleState(first_tick * config.bin_s // config.scale.block_s),
            baseline=BaselineState(),
        )
        self._baseline = Baseline(config.baseline, self.state.baseline)
        self._scale = OwnScale(config.scale, self.state.scale.first_block, self.state.scale)

    def next_tick(self) -> int | None:
        """Return the next tick that has to be closed even without a story, or `None`."""
        if self.state.over_since is None or self.state.last_tick is None:
            return None
        return self.state.last_tick + 1

    def update(self, counts: TickCounts) -> Evidence | None:
        """Return what is known at the end of a tick, or `None` where it brings nothing to judge.

        Args:
            counts: the tick's novel stories; ticks without any may be left out unless `next_tick` names them.

        Raises:
            ValueError: the tick is not after the last one.
        """
        state, tick = self.state, counts.tick
        if state.last_tick is not None and tick <= state.last_tick:
            raise ValueError(f"counts.tick must be > {state.last_tick}, got {tick}")
        state.last_tick = tick
        if state.over_since is not None and tick > self._follow_until():
            # a rule of the caller's broken: ticks of a surge were left out
            raise ValueError(f"counts.tick must be <= {self._follow_until()} in a surge, got {tick}")
        self._learn(tick)
        if counts.n_stories:
            state.recent.append(counts)
        if not counts.n_negative and state.over_since is None:
            return None
        evidence = self._judge(tick)
        self._follow(tick, evidence)
        return evidence

    @property
    def is_followed(self) -> bool:
        """Return whether a surge is on, or was a short while ago."""
        return self.state.over_since is not None

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self.state)

    @classmethod
    def restore(cls, topic: str, config: SurgeConfig, snapshot: bytes) -> SurgeDetector:
        """Return a detector that goes on where the snapshot was taken."""
        state = msgspec.msgpack.decode(snapshot, type=DetectorState)
        return cls(topic, config, state.first_tick, state)

    def _follow_until(self) -> int:
        return self.state.raised_at + self._config.follow_s // self._config.bin_s

    def _follow(self, tick: int, evidence: Evidence) -> None:
        state = self.state
        if evidence.is_over and state.over_since is None:
            state.over_since = tick
        if state.over_since is not None and evidence.is_raised:
            state.raised_at = tick
        if state.over_since is not None and tick >= self._follow_until():
            state.over_since = None
            state.onset = None

    def _is_frozen(self, tick: int) -> bool:
        since = self.state.over_since
        return since is not None and tick < since + self._config.max_frozen_s // self._config.bin_s

    def _learn(self, tick: int) -> None:
        """Hand the baseline the hours that lie wholly before the current window."""
        state = self.state
        until = (tick + 1 - self._config.window_ticks) // self._ticks_an_hour
        if until <= state.hour:
            return
        if not self._is_frozen(tick):
            hours: dict[int, tuple[int, int]] = {}
            for counts in state.recent:
                hour = counts.tick // self._ticks_an_hour
                n_stories, n_negative = hours.get(hour, (0, 0))
                hours[hour] = (n_stories + counts.n_stories, n_negative + counts.n_negative)
            for hour in sorted(hour for hour in hours if state.hour <= hour < until):
                self._baseline.skip(hour - state.hour)
                self._baseline.update(*hours[hour])
                state.hour = hour + 1
            self._baseline.skip(until - state.hour)
        state.hour = until
        state.recent = [counts for counts in state.recent if counts.tick // self._ticks_an_hour >= until]

    def _judge(self, tick: int) -> Evidence:
        config, state = self._config, self.state
        current = CurrentWindow(tick, config.window_ticks, state.recent)
        hours = config.window_ticks / self._ticks_an_hour
        level = self._baseline.level
        return_period_s = self._return_period_s(tick, current)
        p_volume = self._baseline.p_volume(current.n_negative, hours)
        p_share = self._baseline.p_share(current.n_stories, current.n_negative)
        age_s = float((tick + 1 - state.first_tick) * config.bin_s)
        reason = self._reason(current, age_s, return_period_s, p_volume, p_share)
        is_over = reason is SurgeReason.SURGE
        if is_over and state.onset is None:
            state.onset = current.onset(level / self._ticks_an_hour)
        low, high = self._baseline.interval(hours)
        return Evidence(
            topic=self._topic,
            at=tick_end(tick, config.bin_s),
            window_s=config.window_ticks * config.bin_s,
            reason=reason,
            is_over=is_over,
            is_raised=is_over or (return_period_s >= config.keep_return_period_s and p_share <= config.keep_p_share),
            return_period_s=return_period_s,
            n_negative=current.n_negative,
            n_stories=current.n_stories,
            expected=level * hours,
            expected_low=low,
            expected_high=high,
            negative_share=current.n_negative / current.n_stories if current.n_stories else None,
            usual_share=self._baseline.share,
            p_volume=p_volume,
            p_share=p_share,
            onset_at=None if state.onset is None else tick_start(state.onset, config.bin_s),
            n_sources=current.n_sources,
            baseline_age_s=age_s,
        )

    def _return_period_s(self, tick: int, current: CurrentWindow) -> float:
        scales = tuple(scale_s // self._config.bin_s for scale_s in self._config.scales_s)
        value = current.residual(self._baseline.level / self._ticks_an_hour, scales)
        block = tick * self._config.bin_s // self._config.scale.block_s
        return_period_s = self._scale.return_period_s(block, value)
        # a surge enters once, with the value that began it: or a crisis of weeks would be the topic's scale
        if not self._is_frozen(tick):
            self._scale.update(block, value)
        return return_period_s

    def _reason(
        self, current: CurrentWindow, age_s: float, return_period_s: float, p_volume: float, p_share: float
    ) -> SurgeReason:
        config = self._config
        if not current.n_negative:
            return SurgeReason.QUIET
        if age_s < config.min_history_s:
            return SurgeReason.TOO_LITTLE_HISTORY
        is_public = current.n_sources >= config.min_sources or current.n_posts >= config.min_posts
        if current.n_negative < config.min_negative or not is_public:
            return SurgeReason.BELOW_SUPPORT
        if return_period_s < config.return_period_s or p_volume > config.max_p_volume:
            return SurgeReason.VOLUME_NOT_RAISED
        if p_share > config.max_p_share:
            return SurgeReason.SHARE_NOT_RAISED
        return SurgeReason.SURGE
