"""Episodes of absolute rules: opened and closed as a measure is beyond its threshold for long enough.

One rule on one topic; what is measured is `rules/absolute.py`'s.
"""

from __future__ import annotations

import msgspec

from alerts.episodes.episodes import Severity, Transition, TransitionKind
from alerts.rules.absolute import AbsoluteReason, AbsoluteRule, AbsoluteWatch
from alerts.surges.evidence import Crossing, Evidence, Pulse, SurgeReason
from alerts.ticks import tick_end, tick_of, tick_start

_CHANGES = {
    AbsoluteReason.BEGAN: (TransitionKind.OPENED, SurgeReason.ABSOLUTE),
    AbsoluteReason.ENDED: (TransitionKind.CLOSED, SurgeReason.BACK),
    AbsoluteReason.LAPSED: (TransitionKind.CLOSED, SurgeReason.QUIET),
}


class AbsoluteEpisodesState(msgspec.Struct, array_like=True):
    """What has to be kept between ticks."""

    rule: AbsoluteRule
    watch: bytes
    episode: int = 0
    opened_tick: int = 0


class AbsoluteEpisodes:
    """The episodes of one absolute rule on one topic.

    >>> from datetime import UTC, datetime
    >>> rule = AbsoluteRule(name="sour", measure="polarity_below", threshold=-0.4, for_s=0, min_stories=3)
    >>> noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    >>> AbsoluteEpisodes("FTX", rule, 300).update(Pulse("FTX", noon, 4, 3, -2.4)).id
    'FTX!sour/1/1'
    """

    def __init__(
        self, topic: str, rule: AbsoluteRule, bin_s: int, state: AbsoluteEpisodesState | None = None
    ) -> None:
        self._topic = topic
        self._rule = rule
        self._bin_s = bin_s
        self._watch = AbsoluteWatch(rule, bin_s) if state is None else AbsoluteWatch.restore(rule, bin_s, state.watch)
        self._episode, self._opened_tick = (0, 0) if state is None else (state.episode, state.opened_tick)

    def use(self, rule: AbsoluteRule) -> None:
        """Go on by another rule of this name, with what has been counted."""
        if rule != self._rule:
            self._watch = AbsoluteWatch.restore(rule, self._bin_s, self._watch.snapshot())
            self._rule = rule

    def next_tick(self) -> int | None:
        """Return the tick that has to be closed even without a story, or `None`."""
        return self._watch.next_tick()

    def update(self, pulse: Pulse) -> Transition | None:
        """Return what the stories of a tick change, if anything; a tick that was applied changes nothing."""
        tick = tick_of(pulse.at, self._bin_s) - 1
        reason = self._watch.update(tick, pulse.n_stories, pulse.n_negative, pulse.polarity)
        if reason not in _CHANGES:
            return None
        kind, why = _CHANGES[reason]
        is_opened = kind is TransitionKind.OPENED
        if is_opened:
            self._episode, self._opened_tick = self._episode + 1, tick
        return Transition(
            topic=self._topic,
            rule=self._rule.name,
            episode=self._episode,
            number=1 if is_opened else 2,
            kind=kind,
            reason=why,
            severity=Severity(self._rule.severity),
            at=pulse.at,
            opened_at=tick_end(self._opened_tick, self._bin_s),
            evidence=self._evidence(pulse, why),
        )

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(
            AbsoluteEpisodesState(self._rule, self._watch.snapshot(), self._episode, self._opened_tick)
        )

    @classmethod
    def restore(cls, topic: str, bin_s: int, snapshot: bytes) -> AbsoluteEpisodes:
        """Return episodes that go on where the snapshot was taken."""
        state = msgspec.msgpack.decode(snapshot, type=AbsoluteEpisodesState)
        return cls(topic, state.rule, bin_s, state)

    def _evidence(self, pulse: Pulse, reason: SurgeReason) -> Evidence:
        standing, rule = self._watch.get(), self._rule
        share = standing.n_negative / standing.n_stories if standing.n_stories else None
        since = None if standing.since_tick is None else tick_start(standing.since_tick, self._bin_s)
        return Evidence(
            topic=self._topic,
            at=pulse.at,
            window_s=rule.window_s,
            reason=reason,
            is_over=standing.is_on,
            is_raised=standing.is_on,
            return_period_s=0.0,
            n_negative=standing.n_negative,
            n_stories=standing.n_stories,
            expected=0.0,
            expected_low=0,
            expected_high=0,
            negative_share=share,
            usual_share=0.0,
            p_volume=1.0,
            p_share=1.0,
            onset_at=since,
            n_sources=0,
            baseline_age_s=0.0,
            crossing=Crossing(rule.measure, rule.threshold, standing.measured, rule.for_s),
        )
