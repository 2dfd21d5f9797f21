"""The teacher of a baseline: hands it the hours that have left all scales, and again what is corrected in them."""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter

from alerts.surges.baseline import Baseline
from alerts.surges.current import StoryCount
from alerts.surges.detector_state import DetectorState

LESSON_HOURS = 24
"""For which what the baseline has learnt can still be corrected: as long as stories are remembered."""

_hour = attrgetter("hour")


class Teacher:
    """Teaches one topic's baseline.

    Args:
        baseline: it learns.
        state: the detector's; `hour`, `ratio` and `lessons` are written here.
        ticks_an_hour: their number.

    >>> from alerts.surges.baseline import BaselineConfig, BaselineState
    >>> from alerts.surges.current import TickCounts
    >>> from alerts.surges.scale import ScaleState
    >>> state = DetectorState(0, 0, ScaleState(0), BaselineState(), [TickCounts(3, n_stories=2, n_negative=1)])
    >>> Teacher(Baseline(BaselineConfig(), state.baseline), state, 12).teach(until=5)
    >>> state.hour, [(lesson.hour, lesson.n_stories) for lesson in state.lessons]
    (5, [(0, 2)])
    """

    def __init__(self, baseline: Baseline, state: DetectorState, ticks_an_hour: int) -> None:
        self._baseline = baseline
        self._state = state
        self._ticks_an_hour = ticks_an_hour

    def teach(self, until: int) -> None:
        """Teach the hours before `until` that were not taught yet."""
        state = self._state
        hours: dict[int, tuple[int, float, float]] = {}
        for counts in state.recent:
            hour = counts.tick // self._ticks_an_hour
            n_stories, n_negative, excess = hours.get(hour, (0, 0.0, 0.0))
            hours[hour] = (
                n_stories + counts.n_stories,
                n_negative + counts.n_negative_first,
                excess + counts.ratio_excess,
            )
        for hour in sorted(hour for hour in hours if state.hour <= hour < until):
            self._baseline.skip(hour - state.hour, state.ratio)
            n_stories, n_negative, excess = hours[hour]
            if n_stories:  # corrections may have taken them all
                state.ratio = 1 + excess / n_stories
            state.lessons.append(self._baseline.update(n_stories, n_negative, state.ratio, hour))
            state.hour = hour + 1
        self._baseline.skip(until - state.hour, state.ratio)
        state.hour = until
        state.lessons = [lesson for lesson in state.lessons if lesson.hour >= until - LESSON_HOURS]

    def teach_anew(self, hour: int, was: StoryCount | None, now: StoryCount | None) -> None:
        """Teach an hour as corrected; one of a surge, which was not taught, stays so.

        Args:
            hour: that was taught.
            was: what a story of it counted as; None: it was not counted.
            now: what it counts as; None: it does not.
        """
        lessons = self._state.lessons
        at = bisect_left(lessons, hour, key=_hour)
        if at == len(lessons) or lessons[at].hour != hour:
            return
        lesson = lessons[at]
        n_stories = max(0, lesson.n_stories + (now is not None) - (was is not None))
        n_negative = lesson.n_negative + _first(now) - _first(was)
        lessons[at] = self._baseline.revise(lesson, n_stories, max(0.0, n_negative), self._state.hour - 1 - hour)


def _first(story: StoryCount | None) -> float:
    """Return what a story adds to the negative ones that the stream's first policy would have found."""
    return 1 / story.ratio if story is not None and story.is_negative else 0.0
