"""Which story a corrected document tells: near-duplicates share one, so that none of them counts as independent.

Only documents with rounds are compared. A story never changes its name, or a round could move from those that judge
to those that teach.
"""

from __future__ import annotations

import msgspec

from alerts.stories.likeness import Facets, likest
from alerts.stories.sketches import TextSketch
from alerts.stories.stories import StoryConfig
from pipeline.feedback.decided import DecidedDocument
from pipeline.feedback.store import FeedbackStore


class StoryBook:
    """The stories of corrected documents.

    >>> with FeedbackStore(":memory:") as store:
    ...     StoryBook(store).n_stories
    0
    """

    def __init__(self, store: FeedbackStore, config: StoryConfig | None = None) -> None:
        self._connection = store.connection
        self._config = config or StoryConfig()

    @property
    def n_stories(self) -> int:
        """How many are remembered."""
        [(n_stories,)] = self._connection.execute("SELECT count(DISTINCT story) FROM stories")
        return int(n_stories)

    def story_of(self, decided: DecidedDocument) -> str:
        """Return the story of a document: that of the likest one of its day, or its own."""
        row = self._connection.execute("SELECT story FROM stories WHERE origin = ?", (decided.key,)).fetchone()
        if row:
            return str(row[0])
        decision = decided.decision
        sketch = TextSketch(*msgspec.structs.astuple(decision.sketch))
        published_s = int(decision.published_at.timestamp())
        story = self._likest(sketch, published_s) or decision.document_id
        packed = msgspec.msgpack.encode(sketch)
        self._connection.execute("INSERT INTO stories VALUES (?, ?, ?, ?)", (decided.key, story, published_s, packed))
        return story

    def _likest(self, sketch: TextSketch, published_s: int) -> str | None:
        span_s = self._config.horizon_s
        rows = self._connection.execute(
            "SELECT story, sketch FROM stories WHERE published_s BETWEEN ? AND ? ORDER BY origin",
            (published_s - span_s, published_s + span_s),
        )
        facets = Facets(sketch)
        stories, others = [], []
        for number, (story, packed) in enumerate(rows):
            stories.append(str(story))
            others.append((number, Facets(msgspec.msgpack.decode(packed, type=TextSketch))))
        found = likest(self._config.likeness, facets, others)
        return None if found is None else stories[found]
