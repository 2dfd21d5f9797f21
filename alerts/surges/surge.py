"""The surge detector of one topic: volume and share of negative stories against the topic's own past.

Updated at ticks that have stories, and at every tick while what it found is notable. Never looks ahead.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter

import msgspec

from alerts.surges.baseline import Baseline, BaselineState
from alerts.surges.current import CurrentWindow, StoryCount, TickCounts
from alerts.surges.detector_state import DetectorState
from alerts.surges.evidence import Evidence, SurgeReason
from alerts.surges.peers import peers_of
from alerts.surges.scale import OwnScale, ScaleState
from alerts.surges.surge_config import SurgeConfig
from alerts.surges.teacher import Teacher
from alerts.ticks import tick_end, tick_start

__all__ = ["DetectorState", "Evidence", "SurgeConfig", "SurgeDetector", "SurgeReason", "TickCounts"]

_tick = attrgetter("tick")


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
        self._scale_ticks, self._window_ticks, self._recent_ticks = (
            config.scale_ticks,
            config.window_ticks,
            config.recent_ticks,
        )
        self._follow_ticks = config.follow_s // config.bin_s
        self._least_period_s = min(config.notable_return_period_s, config.keep_return_period_s)
        self.state = state or DetectorState(
            first_tick=first_tick,
            hour=first_tick // self._ticks_an_hour,
            # of the days before the level is known the values would be great, and remembered as the topic's scale
            scale=ScaleState(-(-(first_tick * config.bin_s + config.min_history_s) // config.scale.block_s)),
            baseline=BaselineState(),
        )
        self._baseline = Baseline(config.baseline, self.state.baseline)
        self._teacher = Teacher(self._baseline, self.state, self._ticks_an_hour)
        self._scale = OwnScale(config.scale, self.state.scale.first_block, self.state.scale)
        if self.state.over_since is not None and self.state.followed_until is None:
            self.state.followed_until = self._follow_until()  # state of before there was more to follow than surges

    def next_tick(self) -> int | None:
        """Return the next tick that has to be closed even without a story, or `None`."""
        if self.state.followed_until is None or self.state.last_tick is None:
            return None
        return self.state.last_tick + 1

    def update(self, counts: TickCounts, *, has_grown: bool = False) -> Evidence | None:
        """Return what is known at the end of a tick, or `None` where it brings nothing to judge.

        Args:
            counts: the tick's novel stories; ticks without any may be left out unless `next_tick` names them.
            has_grown: corrections have brought negative stories into earlier ticks.

        Raises:
            ValueError: the tick is not after the last one.
        """
        if not self._take_in(counts, has_grown=has_grown):
            return None
        current = self._current(counts.tick)
        return self._conclude(counts.tick, current, self._return_period_s(counts.tick, current))

    def notice(self, counts: TickCounts, *, has_grown: bool = False) -> Evidence | None:
        """Do what `update` does, and return only evidence of what is notable, or was a short while ago.

        In a tick that is not rare at all, as nearly all are, this costs a fraction of `update`.
        """
        was_followed = self.is_followed
        if not self._take_in(counts, has_grown=has_grown):
            return None
        current = self._current(counts.tick)
        return_period_s = self._return_period_s(counts.tick, current)
        if not was_followed and return_period_s < self._least_period_s:
            return None  # no surge, and nothing to follow
        evidence = self._conclude(counts.tick, current, return_period_s)
        return evidence if was_followed or self.is_followed else None

    def _take_in(self, counts: TickCounts, *, has_grown: bool) -> bool:
        """Take the counts of a tick into account, and return whether there is anything to judge."""
        state, tick = self.state, counts.tick
        if state.last_tick is not None and tick <= state.last_tick:
            raise ValueError(f"counts.tick must be > {state.last_tick}, got {tick}")
        state.last_tick = tick
        if state.followed_until is not None and tick > state.followed_until:
            # a rule of the caller's broken: ticks that are followed were left out
            raise ValueError(f"counts.tick must be <= {state.followed_until} while followed, got {tick}")
        self._learn(tick)
        if counts.n_stories:
            state.recent.append(counts)
        return bool(counts.n_negative) or has_grown or state.followed_until is not None

    def _current(self, tick: int) -> CurrentWindow:
        return CurrentWindow(tick, self._window_ticks, self.state.recent)

    def _conclude(self, tick: int, current: CurrentWindow, return_period_s: float) -> Evidence:
        evidence = self._judge(tick, current, return_period_s)
        self._follow(tick, evidence)
        return evidence

    def revise(self, tick: int, was: StoryCount | None, now: StoryCount | None, known: Sequence[int]) -> None:
        """Count a story of an earlier tick as corrected, in the current window and in what the baseline has learnt.

        Args:
            tick: in which the story was found.
            was: what it has counted as; None: it was not counted.
            now: what it counts as; None: it does not.
            known: the sources of that tick's negative stories, as corrected, as far as they are remembered.
        """
        state, hour = self.state, tick // self._ticks_an_hour
        if hour < state.hour:
            self._teacher.teach_anew(hour, was, now)
            return
        at = bisect_left(state.recent, tick, key=_tick)
        if at == len(state.recent) or state.recent[at].tick != tick:
            if was is not None:
                return
            state.recent.insert(at, TickCounts(tick))
        state.recent[at].revise(was, now, known)

    @property
    def is_followed(self) -> bool:
        """Return whether something notable is on, or was a short while ago."""
        return self.state.followed_until is not None

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self.state)

    @classmethod
    def restore(cls, topic: str, config: SurgeConfig, snapshot: bytes) -> SurgeDetector:
        """Return a detector that goes on where the snapshot was taken."""
        state = msgspec.msgpack.decode(snapshot, type=DetectorState)
        return cls(topic, config, state.first_tick, state)

    def _follow_until(self) -> int:
        return self.state.raised_at + self._follow_ticks

    def _follow(self, tick: int, evidence: Evidence) -> None:
        state = self.state
        if evidence.is_over and state.over_since is None:
            state.over_since = tick
        if state.over_since is not None and evidence.is_raised:
            state.raised_at = tick
        # a rule may keep an episode open as long as it is rare, with however few stories: it must see the end
        if self._is_notable(evidence) or (state.followed_until is not None and self._is_rare(evidence)):
            state.followed_until = tick + self._follow_ticks
        if state.over_since is not None and evidence.reason is SurgeReason.CORRECTED:
            # it never was: nothing to follow, and nothing to measure later ones by
            self._scale.correct(self._block(state.over_since), state.scale_before)
            state.over_since = state.followed_until = state.onset = None
        if state.over_since is not None and tick >= self._follow_until():
            state.over_since = state.onset = None
        if state.followed_until is not None and tick >= state.followed_until:
            state.followed_until = None

    def _is_notable(self, evidence: Evidence) -> bool:
        config = self._config
        return evidence.is_over or (
            evidence.n_negative >= config.notable_negative
            and self._is_rare(evidence)
            and evidence.reason is not SurgeReason.TOO_LITTLE_HISTORY
        )

    def _is_rare(self, evidence: Evidence) -> bool:
        return evidence.return_period_s >= self._least_period_s and evidence.p_share <= self._config.keep_p_share

    def _is_frozen(self, tick: int) -> bool:
        since = self.state.over_since
        return since is not None and tick < since + self._config.max_frozen_s // self._config.bin_s

    def _learn(self, tick: int) -> None:
        """Hand the baseline the hours that lie wholly before all scales."""
        state = self.state
        until = (tick + 1 - self._recent_ticks) // self._ticks_an_hour
        if until <= state.hour:
            return
        if not self._is_frozen(tick):
            self._teacher.teach(until)
        state.hour = until
        state.recent = [counts for counts in state.recent if counts.tick // self._ticks_an_hour >= until]
        for counts in state.recent[: bisect_left(state.recent, tick + 1 - self._window_ticks, key=_tick)]:
            counts.sources = ()  # only the window's are told

    def _judge(self, tick: int, current: CurrentWindow, return_period_s: float) -> Evidence:
        config, state = self._config, self.state
        hours = self._window_ticks / self._ticks_an_hour
        ratio = current.ratio
        n_other = current.n_stories - current.n_negative
        average, busyness = self._baseline.level * hours * ratio, self._baseline.busyness(n_other, hours, ratio)
        expected = average * busyness
        p_volume = self._baseline.p_volume(current.n_negative, hours, ratio, busyness)
        p_share = self._baseline.p_share(current.n_stories, current.n_negative, ratio)
        age_s = float((tick + 1 - state.first_tick) * config.bin_s)
        reason = self._reason(current, age_s, return_period_s, p_volume, p_share)
        is_over = reason is SurgeReason.SURGE
        is_raised = is_over or self._is_raised(return_period_s, p_share)
        if not is_raised and current.n_corrected and state.over_since is not None:
            reason = SurgeReason.CORRECTED if self._was_raised(tick, current) else reason
        if is_over and state.onset is None:
            state.onset = current.onset(expected / self._window_ticks)
        low, high = self._baseline.interval(hours, ratio, busyness)
        return Evidence(
            topic=self._topic,
            at=tick_end(tick, config.bin_s),
            window_s=self._window_ticks * config.bin_s,
            reason=reason,
            is_over=is_over,
            is_raised=is_raised,
            return_period_s=return_period_s,
            n_negative=current.n_negative,
            n_stories=current.n_stories,
            expected=expected,
            expected_low=low,
            expected_high=high,
            negative_share=current.n_negative / current.n_stories if current.n_stories else None,
            usual_share=self._baseline.share_for(ratio),
            p_volume=p_volume,
            p_share=p_share,
            onset_at=None if state.onset is None else tick_start(state.onset, config.bin_s),
            n_sources=current.n_sources,
            baseline_age_s=age_s,
            negative_ratio=ratio,
            n_corrected=current.n_corrected,
            n_posts=current.n_posts,
            n_unnamed=current.n_unnamed,
            dispersion=self._baseline.dispersion_for(ratio),
            average=average,
        )

    def _is_raised(self, return_period_s: float, p_share: float) -> bool:
        return return_period_s >= self._config.keep_return_period_s and p_share <= self._config.keep_p_share

    def _was_raised(self, tick: int, current: CurrentWindow) -> bool:
        """Return whether a surge would still be on without the corrections."""
        before = current.uncorrected()
        p_share = self._baseline.p_share(before.n_stories, before.n_negative, before.ratio)
        return self._is_raised(self._rarity_s(self._block(tick), self._value(before)), p_share)

    def _return_period_s(self, tick: int, current: CurrentWindow) -> float:
        value, block = self._value(current), self._block(tick)
        return_period_s = self._rarity_s(block, value)
        # a surge enters once, with the value that began it: or a crisis of weeks would be the topic's scale
        if not self._is_frozen(tick):
            if self.state.over_since is None:
                self.state.scale_before = self._scale.maximum(block)
            self._scale.update(block, value)
        return return_period_s

    def _rarity_s(self, block: int, value: float) -> float:
        return self._scale.return_period_s(block, value, peers_of(self._baseline.level))

    def _value(self, current: CurrentWindow) -> float:
        def expected(n_other: int, n_ticks: int, ratio: float) -> float:
            return self._baseline.expected(n_other, n_ticks / self._ticks_an_hour, ratio)

        return current.residual(expected, self._scale_ticks, self._config.relative_variance)

    def _block(self, tick: int) -> int:
        return tick * self._config.bin_s // self._config.scale.block_s

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
