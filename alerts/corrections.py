"""Corrections of one topic: what analysts say of its documents, put into effect in its stories and windows.

Counts nothing for the detector, but says what has to be counted anew.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from alerts.observation import Observation
from alerts.stories.stories import Stories, StoryState
from alerts.surges.current import StoryCount
from alerts.ticks import tick_of
from alerts.windows.finals import FinalWindows
from alerts.windows.windows import NovelStory, OpenWindows, WindowConfig


class Effect(StrEnum):
    """What a correction changed in its topic."""

    REVISED = "revised"  # the story that its document leads says something else
    RETRACTED = "retracted"  # that story does not count
    ADDED = "added"  # the topic has one document more, or has it back
    UNCHANGED = "unchanged"  # the story says that already
    WITHOUT_EFFECT = "without_effect"  # the document is a copy, came too late to count, or is no longer remembered


class Correction(NamedTuple):
    """A correction's effect, and the tick in which the detector has to count a story as something else."""

    effect: Effect
    tick: int = 0
    was: StoryCount | None = None  # None: it did not count
    now: StoryCount | None = None


class Corrections:
    """Puts revisions into effect, where their document leads a story that is remembered.

    A story is what its first document says. So the word of an analyst on that document stands for its copies too,
    those that come later included, and one on a copy changes nothing. Open windows are revised; final ones stay, and
    a corrected view of those of the last day is put beside them.

    >>> from datetime import UTC, datetime
    >>> from alerts.stories.stories import StoryConfig
    >>> at = datetime(1970, 1, 1, tzinfo=UTC)
    >>> document = Observation(document_id="a", published_at=at, source="Wire", sentiment=(0.8, 0.1, 0.1))
    >>> stories, windows = Stories(StoryConfig()), OpenWindows("FTX", WindowConfig())
    >>> story = stories.update(document, tick=0).story
    >>> windows.add(document)
    >>> windows.add_story(0, story.number, story.in_window())
    >>> corrections = Corrections(stories, windows, FinalWindows("FTX", WindowConfig(), 86_400), WindowConfig())
    >>> right = Observation(document_id="a", published_at=at, source="Wire", sentiment=(0, 1, 0), revision=0,
    ...     change="revised")
    >>> corrections.apply(right, tick=0).effect.value, [window.n_negative for window in windows.close(0)]
    ('revised', [0])
    """

    def __init__(self, stories: Stories, windows: OpenWindows, finals: FinalWindows, config: WindowConfig) -> None:
        self._stories = stories
        self._windows = windows
        self._finals = finals
        self._config = config

    def apply(self, observation: Observation, tick: int) -> Correction:
        """Return what a revision changes.

        Args:
            observation: the document as an analyst corrected it.
            tick: the tick being closed.
        """
        story = self._stories.first_of(observation.document_id)
        if story is None:
            is_new = observation.change == "added"
            return self._add(observation, tick) if is_new else Correction(Effect.WITHOUT_EFFECT)
        if observation.change == "retracted":
            return self._retract(story, observation)
        return self._correct(story, observation)

    def _add(self, observation: Observation, tick: int) -> Correction:
        published = tick_of(observation.published_at, self._config.bin_s)
        if tick <= self._config.final_tick(published):
            self._windows.add(observation)
        elif self._finals.is_within(published, tick):
            self._finals.add_document(published, observation.policy_version)
        else:
            return Correction(Effect.WITHOUT_EFFECT)
        # what was published long before is no news now: it is found in the tick of its publication
        assignment = self._stories.update(observation, published, may_lead=False)
        if not assignment.is_novel:
            return Correction(Effect.ADDED)
        assignment.story.is_corrected = True
        self._place(assignment.story, None, assignment.story.in_window())
        return Correction(Effect.ADDED, published, None, assignment.story.counts_as)

    def _retract(self, story: StoryState, observation: Observation) -> Correction:
        if story.is_retracted:
            return Correction(Effect.UNCHANGED)
        was = story.counts_as
        self._place(story, story.in_window(), None)
        published = tick_of(story.published_at, self._config.bin_s)
        whose = self._windows if self._windows.is_open(published) else self._finals
        whose.remove_document(published, observation.policy_version)
        self._stories.retract(story)
        return Correction(Effect.RETRACTED, story.tick, was, None)

    def _correct(self, story: StoryState, observation: Observation) -> Correction:
        was, placed = story.counts_as, None if story.is_retracted else story.in_window()
        self._stories.correct(story, observation)
        if (was, placed) == (story.counts_as, story.in_window()):
            return Correction(Effect.UNCHANGED)
        if placed is None:
            self._put_back(story, observation)
        self._place(story, placed, story.in_window())
        return Correction(Effect.ADDED if placed is None else Effect.REVISED, story.tick, was, story.counts_as)

    def _put_back(self, story: StoryState, observation: Observation) -> None:
        published = tick_of(story.published_at, self._config.bin_s)
        if self._windows.is_open(published):
            self._windows.add(observation)
        elif published in self._finals.state:
            self._finals.add_document(published, observation.policy_version)

    def _place(self, story: StoryState, was: NovelStory | None, now: NovelStory | None) -> None:
        published = tick_of(story.published_at, self._config.bin_s)
        if not self._windows.is_open(published):
            self._finals.revise(published, was, now)
        elif now is None:
            self._windows.remove_story(published, story.number)
        else:
            self._windows.add_story(published, story.number, now)
