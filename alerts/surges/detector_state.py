"""What a surge detector has to keep between ticks."""

from __future__ import annotations

import msgspec

from alerts.surges.baseline import BaselineState, Lesson
from alerts.surges.current import TickCounts
from alerts.surges.scale import ScaleState


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
    lessons: list[Lesson] = []  # of the last hours that had stories, ascending
    ratio: float = 1.0  # of the policies that read the last hour that was learnt
    scale_before: float = 0.0  # maximum of its block before the present surge
    followed_until: int | None = None  # the last tick to be closed even without a story
