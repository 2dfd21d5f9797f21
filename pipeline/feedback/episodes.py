"""Which topics have an open episode, as `alerts` tells: a mistake about one of them is in somebody's alert."""

from __future__ import annotations

from pipeline.feedback.store import FeedbackStore
from pipeline.feedback.subjects import Subjects, reading_of
from pipeline.records import AlertRecord, Decision


class OpenEpisodes:
    """The open episodes.

    >>> from models.topics.watchlist import Watchlist
    >>> with FeedbackStore(":memory:") as store:
    ...     OpenEpisodes(store, Subjects(Watchlist(()))).topics
    set()
    """

    def __init__(self, store: FeedbackStore, subjects: Subjects) -> None:
        self._connection = store.connection
        self._subjects = subjects
        self.topics: set[str] = {topic for (topic,) in self._connection.execute("SELECT topic FROM episodes")}

    def update(self, alert: AlertRecord) -> None:
        """Take note of an episode's change."""
        if alert.transition == "closed":
            self.topics.discard(alert.topic)
            self._connection.execute("DELETE FROM episodes WHERE topic = ?", (alert.topic,))
            return
        self.topics.add(alert.topic)
        self._connection.execute("INSERT OR REPLACE INTO episodes VALUES (?, ?)", (alert.topic, alert.episode))

    def concern(self, decision: Decision) -> bool:
        """Return whether a topic of a decision has one."""
        if not self.topics:  # mostly, and linking costs more than all else here
            return False
        return not self.topics.isdisjoint(self._subjects.of(decision.excerpt, reading_of(decision)))
