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
        held = self._connection.execute("SELECT topic FROM episodes")
        self._topics: dict[str, str] = {subject: subject.split("!", 1)[0] for (subject,) in held}  # by subject

    @property
    def topics(self) -> set[str]:
        """Return the topics of open episodes, surges and absolute rules alike."""
        return set(self._topics.values())

    def update(self, alert: AlertRecord) -> None:
        """Take note of what an episode has become."""
        if alert.transition == "closed":
            self._topics.pop(alert.subject, None)
            self._connection.execute("DELETE FROM episodes WHERE topic = ?", (alert.subject,))
            return
        self._topics[alert.subject] = alert.topic
        self._connection.execute("INSERT OR REPLACE INTO episodes VALUES (?, ?)", (alert.subject, alert.episode))

    def concern(self, decision: Decision) -> bool:
        """Return whether a topic of a decision has one."""
        if not self.topics:  # mostly, and linking costs more than all else here
            return False
        return not self.topics.isdisjoint(self._subjects.of(decision.excerpt, reading_of(decision)))
