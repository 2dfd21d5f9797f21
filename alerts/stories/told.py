"""What evidence tells of the stories that it rests on: some of them, who read them, and what else they are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from alerts.stories.stories import StoryState
from alerts.surges.evidence import Evidence, EvidenceStory

MAX_STORIES = 5
"""Stories that an alert shows: what a person reads before opening the console."""

MIN_RELATED, MAX_RELATED = 2, 5
"""Stories that must name another topic for it to be told, and topics that are: one story names anybody."""


def with_stories(evidence: Evidence, stories: Sequence[StoryState]) -> Evidence:
    """Return the evidence with its negative stories, those with most copies first, as far as an alert shows them."""
    return msgspec.structs.replace(
        evidence,
        stories=tuple(
            EvidenceStory(story.excerpt, story.url, story.source, story.copies, story.published_at)
            for story in stories[:MAX_STORIES]
        ),
        policy_versions=tuple(sorted({story.policy_version for story in stories})),
        related=_related(stories),
    )


def _related(stories: Sequence[StoryState]) -> tuple[str, ...]:
    """Return the topics that several of these stories are about as well, most often first."""
    counts = Counter(topic for story in stories for topic in story.beside)
    often = [(-n, topic) for topic, n in counts.items() if n >= MIN_RELATED]
    return tuple(topic for _, topic in sorted(often)[:MAX_RELATED])
