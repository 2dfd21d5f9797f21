from __future__ import annotations

import msgspec

from models.topics.watchlist import Watchlist
from pipeline.feedback.episodes import OpenEpisodes
from pipeline.feedback.store import FeedbackStore
from pipeline.feedback.subjects import Subjects
from pipeline.receivers.sample import sample_alert
from pipeline.records import AlertRecord


def told(alert_id: str, transition: str = "opened", rule: str = "") -> AlertRecord:
    return msgspec.structs.replace(sample_alert(), topic="ftx", id=alert_id, transition=transition, rule=rule)


def test_a_topic_stays_open_while_a_surge_or_an_absolute_rule_is() -> None:
    with FeedbackStore(":memory:") as store:
        episodes = OpenEpisodes(store, Subjects(Watchlist(())))
        episodes.update(told("ftx/1/1"))
        episodes.update(told("ftx!sour/1/1", rule="sour"))
        episodes.update(told("ftx/1/2", "closed"))
        assert episodes.topics == {"ftx"}
        assert OpenEpisodes(store, Subjects(Watchlist(()))).topics == {"ftx"}
        episodes.update(told("ftx!sour/1/2", "closed", rule="sour"))
        assert episodes.topics == OpenEpisodes(store, Subjects(Watchlist(()))).topics == set()
