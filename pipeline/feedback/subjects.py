"""What a reading of a text is about: the topics that `link` would find."""

from __future__ import annotations

from models.action import Span
from models.topics.linking import Linker
from models.topics.watchlist import Watchlist
from pipeline.records import Decision, ReadingRecord


class Subjects:
    """The topics of readings, by one watchlist.

    >>> from models.topics.topic import Topic
    >>> subjects = Subjects(Watchlist((Topic(id="acme", name="Acme Holdings"),)))
    >>> subjects.of("Acme Holdings falls", ReadingRecord((0.9, 0.1, 0.0), ()))
    ('acme',)
    """

    def __init__(self, watchlist: Watchlist) -> None:
        self._linker = Linker(watchlist)

    def of(self, excerpt: str, *readings: ReadingRecord) -> tuple[str, ...]:
        """Return the topics of any of the readings, in order, each once."""
        found: dict[str, None] = {}
        for reading in readings:
            spans = [Span(span.start, span.end, span.surface, span.sentiment) for span in reading.spans]
            found |= {link.topic_id: None for link in self._linker.link(excerpt, spans, reading.sentiment)}
        return tuple(found)


def reading_of(decision: Decision) -> ReadingRecord:
    """Return what a decision says."""
    return ReadingRecord(decision.sentiment, decision.spans)
