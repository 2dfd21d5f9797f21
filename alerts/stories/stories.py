"""Stories: near-duplicate documents of one topic, counted once.

Bounded in time and number. Order of application decides; the caller keeps that order free of arrival.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from alerts.observation import Label, Observation
from alerts.stories.blocks import StoryBlocks
from alerts.stories.candidates import Candidates
from alerts.stories.likeness import Facets, LikenessConfig, likest
from alerts.stories.sketches import TextSketch
from alerts.surges.current import StoryCount
from alerts.windows.windows import NovelStory

__all__ = ["Assignment", "Stories", "StoryConfig", "StoryState", "TextSketch"]


@dataclass(frozen=True, slots=True)
class StoryConfig:
    """When documents are the same story, and how many stories are remembered.

    >>> StoryConfig().max_stories
    256
    """

    horizon_s: int = 86_400
    # A copy later than a day after the last one is news again: somebody found it worth repeating.
    max_stories: int = 256
    # Bounds the state (some 160 bytes a headline, and what is quoted of negative ones); the oldest goes first.
    max_sources: int = 16
    # Sources remembered per story; more does not change any decision.
    max_excerpt: int = 200
    # Characters kept of what people are shown.
    likeness: LikenessConfig = field(default_factory=LikenessConfig)

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("horizon_s", "max_stories", "max_sources", "max_excerpt"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")


class StoryState(msgspec.Struct, array_like=True, gc=False):
    """One story: its first document, and what has joined it."""

    number: int  # in order of discovery within the topic
    tick: int  # in which it was found
    document_id: str
    published_at: datetime
    source: str
    label: Label
    polarity: float
    policy_version: str
    sketch: TextSketch  # of the document that founded it: copies are compared with it, so stories cannot drift
    last_at: datetime
    copies: int  # documents, the first included
    sources: list[int]  # hashes, ascending
    excerpt: str  # of negative stories only: no others are shown
    url: str | None
    count: StoryCount | None = None  # what the detector counts it as; None: it is older than corrections
    is_corrected: bool = False  # an analyst has said what its first document says: so do its copies
    is_retracted: bool = False  # an analyst has said that it is not about the topic: nor are its copies
    beside: tuple[str, ...] = ()  # other topics of a negative one

    @property
    def counts_as(self) -> StoryCount | None:
        """Return what it adds to its tick; `None` where it does not count."""
        if self.is_retracted:
            return None
        return self.count or StoryCount(self.label == "negative")

    def in_window(self) -> NovelStory:
        """Return what it is in the window of its first document."""
        ratio = 1.0 if self.count is None else self.count.ratio
        return NovelStory(self.label, self.polarity, self.policy_version, ratio)


class Assignment(NamedTuple):
    """Where a document went: a story it founded, one it joined, or one whose first document it became."""

    story: StoryState
    is_novel: bool
    replaced_at: datetime | None = None  # publication of the first document that it took the place of


class StoriesState(msgspec.Struct, array_like=True):
    """What has to be kept between documents."""

    stories: list[StoryState] = []
    n_found: int = 0


class Stories:
    """The stories of one topic.

    >>> from datetime import UTC
    >>> def seen(id: str, minute: int, *words: int) -> Observation:
    ...     return Observation(document_id=id, published_at=datetime(2026, 1, 2, 12, minute, tzinfo=UTC),
    ...         source=id, sentiment=(0.8, 0.1, 0.1), sketch=TextSketch(words=words))
    >>> stories = Stories(StoryConfig())
    >>> stories.update(seen("a", 0, 1, 2, 3, 4), tick=0).is_novel
    True
    >>> assignment = stories.update(seen("b", 1, 1, 2, 3, 4), tick=0)
    >>> assignment.is_novel, assignment.story.copies
    (False, 2)
    """

    def __init__(self, config: StoryConfig, state: StoriesState | None = None) -> None:
        self._config = config
        self.state = state or StoriesState()
        self._candidates = Candidates(config.likeness)
        self._remembered: dict[int, StoryState] = {}
        self._by_first: dict[str, StoryState] = {}
        self._blocks = StoryBlocks()
        self._none_before: datetime | None = None  # no story's last copy is older
        for story in self.state.stories:
            self._remember(story, Facets(story.sketch))

    def update(self, observation: Observation, tick: int, *, may_lead: bool = True) -> Assignment:
        """Return the story of a document, a new one if it resembles none.

        Args:
            observation: the document.
            tick: the tick being closed.
            may_lead: it becomes the first document of a story that it is older than.
        """
        self._forget(observation.published_at)
        facets = Facets(observation.sketch)
        story = self._find(observation.document_id, facets)
        if story is None:
            return Assignment(self._found(observation, facets, tick), is_novel=True)
        return self._join(story, observation, may_lead=may_lead)

    def retract(self, story: StoryState) -> None:
        """Have a story no longer count; its copies still join it, and do not count either."""
        story.is_retracted = True
        self._blocks.touch(story.number)

    def negative_since(self, tick: int) -> list[StoryState]:
        """Return the negative stories found in or after a tick, those with most copies first."""
        found = [
            story
            for story in self.state.stories
            if story.tick >= tick and story.label == "negative" and not story.is_retracted
        ]
        return sorted(found, key=lambda story: (-story.copies, story.published_at, story.document_id))

    def first_of(self, document_id: str) -> StoryState | None:
        """Return the story whose first document this is; a copy decides nothing of its story."""
        return self._by_first.get(document_id)

    def negative_sources(self, tick: int) -> list[int]:
        """Return the source of each negative story found in a tick that is remembered."""
        counts = [story.counts_as for story in self.state.stories if story.tick == tick and story.count is not None]
        return [count.source for count in counts if count is not None and count.is_negative]

    def correct(self, story: StoryState, observation: Observation) -> None:
        """Have a story say what an analyst says of its first document; it counts again if it was retracted."""
        story.label, story.polarity = observation.label, observation.polarity
        if story.count is not None:
            story.count = msgspec.structs.replace(story.count, is_negative=observation.label == "negative")
        story.is_corrected, story.is_retracted = True, False
        self._quote(story, observation)
        self._blocks.touch(story.number)

    def snapshot(self) -> bytes:
        """Return the state; only stories that have changed since the last time are encoded anew."""
        # as the state itself would be encoded: an array of the two
        return b"\x92" + self._blocks.encode(self.state.stories) + msgspec.msgpack.encode(self.state.n_found)

    @classmethod
    def restore(cls, config: StoryConfig, snapshot: bytes) -> Stories:
        """Return stories that go on where the snapshot was taken."""
        return cls(config, msgspec.msgpack.decode(snapshot, type=StoriesState))

    def _find(self, document_id: str, facets: Facets) -> StoryState | None:
        known = self.first_of(document_id)
        if known is not None:
            return known
        number = likest(self._config.likeness, facets, self._candidates.of(facets))
        return None if number is None else self._remembered[number]

    def _found(self, observation: Observation, facets: Facets, tick: int) -> StoryState:
        story = StoryState(
            number=self.state.n_found,
            tick=tick,
            document_id=observation.document_id,
            published_at=observation.published_at,
            source=observation.source,
            label=observation.label,
            polarity=observation.polarity,
            policy_version=observation.policy_version,
            sketch=observation.sketch,
            last_at=observation.published_at,
            copies=1,
            sources=[observation.source_hash],
            excerpt="",
            url=None,
            count=observation.as_count(),
        )
        self._quote(story, observation)
        self.state.n_found += 1
        self.state.stories.append(story)
        self._remember(story, facets)
        return story

    def _join(self, story: StoryState, observation: Observation, *, may_lead: bool) -> Assignment:
        self._blocks.touch(story.number)
        story.copies += 1
        story.last_at = max(story.last_at, observation.published_at)
        if observation.source_hash not in story.sources and len(story.sources) < self._config.max_sources:
            story.sources = sorted([*story.sources, observation.source_hash])
        first = (story.published_at, story.document_id)
        if not may_lead or (observation.published_at, observation.document_id) >= first:
            return Assignment(story, is_novel=False)
        del self._by_first[story.document_id]
        self._by_first[observation.document_id] = story
        story.published_at, story.document_id = observation.published_at, observation.document_id
        story.source = observation.source
        if not story.is_corrected:
            story.label, story.polarity = observation.label, observation.polarity
            story.policy_version = observation.policy_version
            if story.count is not None and story.count.ratio != observation.negative_ratio:
                story.count = msgspec.structs.replace(story.count, ratio=observation.negative_ratio)
        self._quote(story, observation)
        return Assignment(story, is_novel=False, replaced_at=first[0])

    def _quote(self, story: StoryState, observation: Observation) -> None:
        is_shown = story.label == "negative"
        story.excerpt = observation.excerpt[: self._config.max_excerpt] if is_shown else ""
        story.url = observation.url if is_shown else None
        story.beside = observation.beside if is_shown else ()

    def _forget(self, now: datetime) -> None:
        # Strictly more than the horizon, by the document's own time: a delayed document forgets nothing more.
        oldest = now - timedelta(seconds=self._config.horizon_s)
        stories = self.state.stories
        if self._none_before is not None and self._none_before < oldest:
            for story in [story for story in stories if story.last_at < oldest]:
                self._drop(story)
            stories = self.state.stories = [story for story in stories if story.last_at >= oldest]
            self._none_before = min((story.last_at for story in stories), default=None)
        while len(stories) >= self._config.max_stories:
            self._drop(stories.pop(0))

    def _remember(self, story: StoryState, facets: Facets) -> None:
        self._candidates.add(story.number, facets)
        self._blocks.touch(story.number)
        self._remembered[story.number] = story
        self._none_before = min(story.last_at, self._none_before or story.last_at)
        self._by_first[story.document_id] = story

    def _drop(self, story: StoryState) -> None:
        self._candidates.remove(story.number)
        self._blocks.touch(story.number)
        del self._remembered[story.number], self._by_first[story.document_id]
