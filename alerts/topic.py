"""One topic's trend: pending observations, stories, windows and the surge detector, moved on by ticks.

What it returns is a function of the observations alone: neither the order in which sources deliver
nor how many ticks are closed at once changes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from alerts.corrections import Correction, Corrections, Effect
from alerts.observation import Observation
from alerts.pending import Pending
from alerts.stories.stories import Assignment, Stories, StoriesState, StoryConfig
from alerts.stories.told import with_stories
from alerts.surges.current import TickCounts
from alerts.surges.evidence import Evidence, Pulse
from alerts.surges.surge import DetectorState, SurgeConfig, SurgeDetector
from alerts.ticks import tick_end, tick_of
from alerts.windows.finals import FinalWindows
from alerts.windows.rollup import Rollup, RollupState
from alerts.windows.windows import OpenWindow, OpenWindows, Window, WindowConfig, WindowStatus


@dataclass(frozen=True, slots=True)
class TopicConfig:
    """The configuration of a topic's parts.

    >>> TopicConfig().windows.grace_s
    1800
    """

    windows: WindowConfig = field(default_factory=WindowConfig)
    stories: StoryConfig = field(default_factory=StoryConfig)
    surge: SurgeConfig = field(default_factory=SurgeConfig)

    def __post_init__(self) -> None:
        """Check that the parts agree."""
        if self.windows.bin_s != self.surge.bin_s:
            raise ValueError(f"surge.bin_s must be {self.windows.bin_s} as in windows, got {self.surge.bin_s}")


class Closed(msgspec.Struct, frozen=True):
    """What closing ticks brought to light, each in the order of ticks.

    >>> Closed().windows
    ()
    """

    windows: tuple[Window, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    pulses: tuple[Pulse, ...] = ()  # of ticks that brought stories
    late: tuple[Observation, ...] = ()  # in no window: theirs was final
    n_documents: int = 0  # applied, the late ones not among them
    n_stories: int = 0  # novel
    effects: tuple[Effect, ...] = ()  # of revisions


class TopicState(msgspec.Struct):
    """All that is kept of a topic."""

    topic: str
    pending: list[Observation]
    windows: dict[int, OpenWindow]
    stories: StoriesState
    detector: DetectorState | None
    origins: dict[int, int]
    closed_until: int | None
    watched_since: datetime | None
    revisions: dict[int, int] = {}
    finals: dict[int, bytes] = {}  # see FinalWindows
    rollups: dict[int, RollupState] = {}  # by length in seconds


class TopicTrend:
    """One topic.

    Args:
        topic: its id.
        config: of its parts.
        watched_since: since when the stream has been watched; a topic first seen later has been quiet
            until then. Without it, the topic's history begins with its first document.

    >>> from datetime import UTC
    >>> trend = TopicTrend("FTX", TopicConfig())
    >>> trend.observe(Observation(document_id="a", published_at=datetime(2026, 1, 2, 12, 1, tzinfo=UTC),
    ...     source="Wire", sentiment=(0.8, 0.1, 0.1)))
    >>> trend.close(datetime(2026, 1, 2, 12, 4, tzinfo=UTC)).windows
    ()
    >>> due_at = trend.due_at()
    >>> due_at.isoformat()
    '2026-01-02T12:05:00+00:00'
    >>> [(window.status.value, window.n_negative) for window in trend.close(due_at).windows]
    [('provisional', 1)]
    """

    def __init__(self, topic: str, config: TopicConfig, *, watched_since: datetime | None = None) -> None:
        self._config = config
        self._bin_s = config.windows.bin_s
        self._due: int | None = None  # asked for of every topic at every mark
        self._use(
            TopicState(
                topic=topic,
                pending=[],
                windows={},
                stories=StoriesState(),
                detector=None,
                origins={},
                closed_until=None,
                watched_since=watched_since,
            )
        )

    @property
    def topic(self) -> str:
        """Return the topic's id."""
        return self._state.topic

    @property
    def origins(self) -> dict[int, int]:
        """Return the last applied offset of each source partition; the caller keeps it."""
        return self._state.origins

    @property
    def revisions(self) -> dict[int, int]:
        """Return the last applied revision of each source partition; the caller keeps it."""
        return self._state.revisions

    @property
    def closed_until(self) -> int | None:
        """Return the last closed tick."""
        return self._state.closed_until

    def observe(self, observation: Observation) -> None:
        """Take note of an observation; it counts when its tick is closed.

        Raises:
            ValueError: its tick is closed already, against the promise of its source's watermark.
        """
        tick = observation.known_tick(self._bin_s)
        if self._state.closed_until is not None and tick <= self._state.closed_until:
            raise ValueError(
                f"observation {observation.document_id!r} must be known after tick "
                f"{self._state.closed_until}, which is closed, got tick {tick}"
            )
        self._pending.add(observation, tick)
        if self._due is None or tick < self._due:
            self._due = tick

    def forget_pending(self) -> None:
        """Drop what was observed and not yet counted, for a caller that keeps it and observes it again."""
        self._pending.clear()
        self._due = self._next_tick()

    def next_tick(self) -> int | None:
        """Return the earliest tick whose close would do something, or `None` if idle."""
        return self._due

    def due_at(self) -> datetime | None:
        """Return the earliest end of a tick whose close would do something, or `None` if idle."""
        return None if self._due is None else tick_end(self._due, self._bin_s)

    def close(self, until: datetime) -> Closed:
        """Close all ticks that end at `until` or before, and return what that brought to light."""
        last = tick_of(until, self._bin_s) - 1
        if self._state.closed_until is not None and last <= self._state.closed_until:
            return Closed()
        windows: list[Window] = []
        evidence: list[Evidence] = []
        pulses: list[Pulse] = []
        late: list[Observation] = []
        effects: list[Effect] = []
        n_documents = n_stories = 0
        while (tick := self._next_tick()) is not None and tick <= last:
            counts, has_grown = TickCounts(tick), False
            if arrived := self._pending.take(tick):
                documents = [observation for observation in arrived if observation.revision is None]
                in_time = [observation for observation in documents if not self._is_late(observation, tick)]
                if len(in_time) < len(documents):
                    late += (observation for observation in documents if self._is_late(observation, tick))
                pulse = self._apply(counts, in_time)
                n_documents += len(in_time)
                n_stories += pulse.n_stories
                pulses += [pulse] if pulse.n_stories else []
                corrections = [self._corrections.apply(each, tick) for each in arrived[len(documents) :]]
                effects += (correction.effect for correction in corrections)
                grown = [self._recount(correction, counts) for correction in corrections]
                has_grown = any(grown)
            windows += self._close_windows(tick)
            evidence += self._judge(counts, has_grown=has_grown)
            self._state.closed_until = tick
        self._due = tick
        self._state.closed_until = last
        return Closed(
            windows=tuple(windows),
            evidence=tuple(evidence),
            pulses=tuple(pulses),
            late=tuple(late),
            n_documents=n_documents,
            n_stories=n_stories,
            effects=tuple(effects),
        )

    def watch_since(self, at: datetime) -> None:
        """Say since when the stream has been watched, where that was not known when the topic was first seen."""
        if self._state.watched_since is None:
            self._state.watched_since = at

    def snapshot(self, *, with_pending: bool = True) -> bytes:
        """Return the state, as MessagePack.

        Args:
            with_pending: keep what was observed and not yet counted; a caller that keeps that itself observes it
                again after `restore`.
        """
        self._state.detector = None if self._detector is None else self._detector.state
        self._state.rollups = {resolution_s: rollup.state for resolution_s, rollup in self._rollups.items()}
        written = msgspec.structs.asdict(self._state)
        written["stories"] = msgspec.Raw(self._stories.snapshot())
        if not with_pending:
            written["pending"] = []
        return msgspec.msgpack.encode(written)

    @classmethod
    def restore(cls, config: TopicConfig, snapshot: bytes) -> TopicTrend:
        """Return a trend that goes on where the snapshot was taken."""
        state = msgspec.msgpack.decode(snapshot, type=TopicState)
        restored = cls(state.topic, config)
        restored._use(state)
        return restored

    def _use(self, state: TopicState) -> None:
        self._state = state
        self._pending = Pending(state.pending, self._bin_s)
        self._windows = OpenWindows(state.topic, self._config.windows, state.windows)
        self._stories = Stories(self._config.stories, state.stories)
        self._finals = FinalWindows(state.topic, self._config.windows, self._config.stories.horizon_s, state.finals)
        self._rollups = {
            resolution_s: Rollup(
                state.topic,
                self._config.windows,
                resolution_s,
                self._config.stories.horizon_s,
                state.rollups.get(resolution_s),
            )
            for resolution_s in self._config.windows.resolutions_s
        }
        for resolution_s in self._rollups.keys() - state.rollups.keys():
            if state.closed_until is not None:
                self._rollups[resolution_s].begin(self._finals.counts(), state.windows, state.closed_until)
        self._rollups_due = self._next_rollup()
        self._corrections = Corrections(self._stories, self._windows, self._finals, self._config.windows)
        self._detector = (
            None if state.detector is None else SurgeDetector(state.topic, self._config.surge, state=state.detector)
        )
        self._due = self._next_tick()

    def _next_tick(self) -> int | None:
        due = self._pending.next_tick()
        followed = None if self._detector is None else self._detector.next_tick()
        for tick in (self._windows.next_tick(), followed, self._rollups_due):
            if tick is not None and (due is None or tick < due):
                due = tick
        return due

    def _is_late(self, observation: Observation, tick: int) -> bool:
        if observation.is_late:
            return True
        published = tick_of(observation.published_at, self._bin_s)
        return tick > published and tick > self._config.windows.final_tick(published)

    def _apply(self, counts: TickCounts, observations: list[Observation]) -> Pulse:
        tick, novel, polarity = counts.tick, [], 0.0
        for observation in observations:
            assignment = self._stories.update(observation, tick)
            self._windows.add(observation)
            self._place(observation, assignment)
            if assignment.is_novel and assignment.story.count is not None:
                novel.append(assignment.story.count)
                polarity += observation.polarity
        counts.add(novel)
        return Pulse(self.topic, tick_end(tick, self._bin_s), counts.n_stories, counts.n_negative, polarity)

    def _recount(self, correction: Correction, counts: TickCounts) -> bool:
        """Have the detector count a story as corrected, and return whether that adds a negative one to its window."""
        was, now, tick = correction.was, correction.now, correction.tick
        if was == now:
            return False
        known = self._stories.negative_sources(tick)
        if tick == counts.tick:
            counts.revise(was, now, known)
            return False
        self._detect_from(counts.tick).revise(tick, was, now, known)
        has_grown = now is not None and now.is_negative and not (was is not None and was.is_negative)
        return has_grown and tick > counts.tick - self._config.surge.window_ticks

    def _close_windows(self, tick: int) -> list[Window]:
        touched = self._windows.touched()
        closed = self._windows.close(tick)
        final = [window for window in closed if window.status is WindowStatus.FINAL]
        for window in final:
            self._finals.keep(window, tick_of(window.start_at, self._bin_s))
        changes = self._finals.changes()
        closed += self._finals.corrected()
        for rollup in self._rollups.values():
            closed += rollup.close(tick, touched, final, changes, self._windows.held)
        self._rollups_due = self._next_rollup()
        return closed

    def _next_rollup(self) -> int | None:
        due = [rollup.next_tick() for rollup in self._rollups.values()]
        return min((tick for tick in due if tick is not None), default=None)

    def _place(self, observation: Observation, assignment: Assignment) -> None:
        """Count a story in the window of its first document."""
        story = assignment.story
        if assignment.replaced_at is not None:
            self._windows.remove_story(tick_of(assignment.replaced_at, self._bin_s), story.number)
        if (assignment.is_novel or assignment.replaced_at is not None) and not story.is_retracted:
            published = tick_of(observation.published_at, self._bin_s)
            self._windows.add_story(published, story.number, story.in_window())

    def _detect_from(self, tick: int) -> SurgeDetector:
        """Return the detector, which begins where the stream was watched first, or at this tick."""
        if self._detector is None:
            if self._state.watched_since is not None:
                tick = min(tick, tick_of(self._state.watched_since, self._bin_s))
            self._detector = SurgeDetector(self._state.topic, self._config.surge, tick)
        return self._detector

    def _judge(self, counts: TickCounts, *, has_grown: bool) -> list[Evidence]:
        was_followed = self._detector is not None and self._detector.is_followed
        if not counts.n_stories and not was_followed and not has_grown:
            return []
        evidence = self._detect_from(counts.tick).notice(counts, has_grown=has_grown)
        if evidence is None:
            return []
        found = self._stories.negative_since(counts.tick + 1 - self._config.surge.window_ticks)
        return [with_stories(evidence, found)]
