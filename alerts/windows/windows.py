"""Windows: the event-time tumbling windows of one topic, provisional, revised and final (corrected: `finals.py`).

Told what to add and which tick to close; decides neither lateness of a source nor what a story is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from alerts.observation import Label, Observation
from alerts.ticks import tick_end, tick_of, tick_start
from alerts.windows.history import Change


class WindowStatus(StrEnum):
    """How much of a window's content can still change."""

    PROVISIONAL = "provisional"  # its end has come
    REVISED = "revised"  # delayed documents or corrections came after that
    FINAL = "final"  # its grace is over: never changes again
    CORRECTED = "corrected"  # what corrections make of a final one: lies beside it


@dataclass(frozen=True, slots=True)
class WindowConfig:
    """Length of a window, and how long it can be revised.

    >>> WindowConfig(bin_s=300, grace_s=1800).final_tick(0)
    6
    """

    bin_s: int = 300
    # Five minutes: as fine as alerts are asked to be, and 12 in an hour.
    grace_s: int = 1_800
    # After a window's end; feeds that poll every 15 minutes and one retry are within it.
    max_sources: int = 64
    # Distinct sources counted per window; the count says "at least" beyond.
    resolutions_s: tuple[int, ...] = (3_600, 86_400)
    # Of the longer windows beside these: what people look at, and compare with the day and the week before.

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.bin_s < 1 or 3_600 % self.bin_s:
            raise ValueError(f"bin_s must divide an hour, got {self.bin_s}")
        if self.grace_s < 0:
            raise ValueError(f"grace_s must be >= 0, got {self.grace_s}")
        if self.max_sources < 1:
            raise ValueError(f"max_sources must be >= 1, got {self.max_sources}")
        for resolution_s in self.resolutions_s:
            # of shorter ones eight days would be more than is worth keeping
            if resolution_s < 3_600 or resolution_s % 3_600 or 86_400 % resolution_s:
                raise ValueError(f"resolutions_s must be whole hours that divide a day, got {resolution_s}")
        if self.resolutions_s != tuple(sorted(set(self.resolutions_s))):
            raise ValueError(f"resolutions_s must ascend, got {self.resolutions_s}")

    def final_tick(self, tick: int) -> int:
        """Return the tick with whose close the window of `tick` becomes final."""
        return tick + math.ceil(self.grace_s / self.bin_s)


class Window(msgspec.Struct, frozen=True):
    """What was published about a topic in one interval; `None` stands for "no data".

    >>> noon = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> Window("FTX", noon, noon, WindowStatus.FINAL, 3, 2, 1, 1, 0, -0.4, 0.5, 2, {"v1": 3}).n_negative
    1
    """

    topic: str
    start_at: datetime
    end_at: datetime
    status: WindowStatus
    n_documents: int
    n_stories: int  # novel ones: their first document is in this window
    n_negative: int  # of the novel stories, as are the next two
    n_neutral: int
    n_positive: int
    polarity: float | None  # mean over the novel stories
    negative_share: float | None
    n_sources: int  # distinct; of a longer window about (`distinct.py`)
    policy_versions: Mapping[str, int]  # documents by the policy that read them
    stories_by_version: Mapping[str, tuple[int, int]] = msgspec.field(
        default_factory=dict
    )  # novel stories, negative ones
    negative_ratio: float | None = None  # mean over the novel stories
    sources: tuple[int, ...] = ()  # their hashes; a longer window tells none
    day_before: Change | None = None  # of a longer window, to the same one then
    week_before: Change | None = None


class NovelStory(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A story in the window of its first document."""

    label: Label
    polarity: float
    policy_version: str = ""  # that read the first document
    negative_ratio: float = 1.0  # of that policy


class OpenWindow(msgspec.Struct, array_like=True, gc=False):
    """A window that can still change."""

    n_documents: int = 0
    novel: dict[int, NovelStory] = {}  # by story number
    sources: list[int] = []
    policy_versions: dict[str, int] = {}
    is_touched: bool = False  # in the tick being closed


class OpenWindows:
    """The windows of one topic that are not final yet.

    >>> from datetime import UTC
    >>> windows = OpenWindows("FTX", WindowConfig())
    >>> windows.add(Observation(document_id="a", published_at=datetime(1970, 1, 1, tzinfo=UTC), source="Wire",
    ...     sentiment=(0.8, 0.1, 0.1)))
    >>> windows.add_story(0, 7, NovelStory("negative", -0.7))
    >>> [window.status.value for window in windows.close(0)], windows.next_tick()
    (['provisional'], 6)
    >>> [(window.status.value, window.n_negative) for window in windows.close(6)], windows.next_tick()
    ([('final', 1)], None)
    """

    def __init__(self, topic: str, config: WindowConfig, state: dict[int, OpenWindow] | None = None) -> None:
        self._topic = topic
        self._config = config
        self._grace_ticks = config.final_tick(0)
        self._told: dict[int, Window] = {}  # by tick, of those that have not changed since
        self.state = {} if state is None else state

    def add(self, observation: Observation) -> None:
        """Count a document in the window of its publication."""
        window = self.state.setdefault(tick_of(observation.published_at, self._config.bin_s), OpenWindow())
        window.is_touched = True
        window.n_documents += 1
        version = observation.policy_version
        window.policy_versions[version] = window.policy_versions.get(version, 0) + 1
        if observation.source_hash not in window.sources and len(window.sources) < self._config.max_sources:
            window.sources = sorted([*window.sources, observation.source_hash])

    def is_open(self, tick: int) -> bool:
        """Return whether the window of a tick has documents and can still change."""
        return tick in self.state

    def add_story(self, tick: int, number: int, story: NovelStory) -> None:
        """Count a story in the window that holds its first document, or have it count as something else."""
        window = self.state[tick]
        window.is_touched = True
        window.novel[number] = story

    def remove_story(self, tick: int, number: int) -> None:
        """Take a story back from a window, as an older first document has come; final windows stay."""
        window = self.state.get(tick)
        if window is not None and window.novel.pop(number, None) is not None:
            window.is_touched = True

    def remove_document(self, tick: int, policy_version: str) -> None:
        """Take back a document that is not about the topic; its source stays, as others may be from there."""
        window = self.state[tick]
        window.is_touched = True
        if n_read := window.policy_versions.pop(policy_version, 0):
            window.n_documents -= 1
            if n_read > 1:
                window.policy_versions[policy_version] = n_read - 1

    def touched(self) -> list[int]:
        """Return the ticks of the windows that have changed since the last close, oldest first."""
        return sorted(start for start, window in self.state.items() if window.is_touched)

    def held(self, first: int, last: int) -> list[Window]:
        """Return the windows of the ticks from `first` to `last` as they stand, oldest first."""
        ticks = sorted(start for start in self.state if first <= start <= last)
        return [self._report(start, self.state[start], WindowStatus.PROVISIONAL) for start in ticks]

    def next_tick(self) -> int | None:
        """Return the tick whose close makes the next window final."""
        return min(self.state) + self._grace_ticks if self.state else None

    def close(self, tick: int) -> list[Window]:
        """Return the windows that the close of a tick has something to say about, oldest first."""
        closed = []
        for start in sorted(self.state):
            window = self.state[start]
            if start + self._grace_ticks <= tick:
                del self.state[start]
                closed.append(self._final(start, window))
            elif window.is_touched:
                status = WindowStatus.PROVISIONAL if start == tick else WindowStatus.REVISED
                self._told[start] = self._report(start, window, status)
                closed.append(self._told[start])
            window.is_touched = False
        return closed

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode(self.state)

    @classmethod
    def restore(cls, topic: str, config: WindowConfig, snapshot: bytes) -> OpenWindows:
        """Return windows that go on where the snapshot was taken."""
        return cls(topic, config, msgspec.msgpack.decode(snapshot, type=dict[int, OpenWindow]))

    def _final(self, tick: int, window: OpenWindow) -> Window:
        told = self._told.pop(tick, None)
        if told is None or window.is_touched:
            return self._report(tick, window, WindowStatus.FINAL)
        return msgspec.structs.replace(told, status=WindowStatus.FINAL)

    def _report(self, tick: int, window: OpenWindow, status: WindowStatus) -> Window:
        labels = [story.label for story in window.novel.values()]
        n_stories, n_negative = len(labels), labels.count("negative")
        # fsum: the means must not depend on the order in which stories came
        total = math.fsum(story.polarity for story in window.novel.values())
        ratios = math.fsum(story.negative_ratio for story in window.novel.values())
        return Window(
            topic=self._topic,
            start_at=tick_start(tick, self._config.bin_s),
            end_at=tick_end(tick, self._config.bin_s),
            status=status,
            n_documents=window.n_documents,
            n_stories=n_stories,
            n_negative=n_negative,
            n_neutral=labels.count("neutral"),
            n_positive=labels.count("positive"),
            polarity=total / n_stories if n_stories else None,
            negative_share=n_negative / n_stories if n_stories else None,
            n_sources=len(window.sources),
            policy_versions=dict(sorted(window.policy_versions.items())),
            stories_by_version=_by_version(window.novel.values()),
            negative_ratio=ratios / n_stories if n_stories else None,
            sources=tuple(window.sources),
        )


def _by_version(stories: Iterable[NovelStory]) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    for story in stories:
        n_stories, n_negative = counts.get(story.policy_version, (0, 0))
        counts[story.policy_version] = (n_stories + 1, n_negative + (story.label == "negative"))
    return dict(sorted(counts.items()))
