from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from pipeline.demo.feed import Feed, FeedRecord
from pipeline.demo.scenario import Scenario
from pipeline.demo.texts import Texts, load_texts
from pipeline.records import AlertRecord

LIVE_AT = datetime(2026, 1, 9, 7, tzinfo=UTC)


@pytest.fixture(scope="session")
def texts() -> Texts:
    return load_texts()


@pytest.fixture
def live_at() -> datetime:
    return LIVE_AT


@pytest.fixture(scope="session")
def played(texts: Texts) -> Callable[..., tuple[Feed, list[FeedRecord]]]:
    """The feed of a seed, and its records until the live feed's end."""

    def _play(seed: int, scenario: Scenario | None = None) -> tuple[Feed, list[FeedRecord]]:
        feed = Feed(texts, scenario or Scenario(), LIVE_AT, seed)
        end_at = LIVE_AT + timedelta(seconds=Scenario().live_s)
        records = []
        for record in feed.records():
            if record.at > end_at:
                break
            records.append(record)
        return feed, records

    return _play


@pytest.fixture
def an_alert() -> Callable[..., AlertRecord]:
    def _alert(topic: str, at: datetime, transition: Literal["opened", "escalated"] = "opened") -> AlertRecord:
        return AlertRecord(
            id=f"{topic}/1/1",
            topic=topic,
            topic_name=topic.title(),
            episode=1,
            number=1,
            transition=transition,
            reason="surge",
            severity="warning",
            at=at,
            opened_at=at,
            summary=f"{topic}: 6 negative stories",
            n_negative=6,
            n_stories=7,
            expected=0.5,
            expected_low=0,
            expected_high=2,
            negative_share=0.86,
            usual_share=0.25,
            onset_at=at,
            n_sources=4,
            baseline_age_s=432_000.0,
            return_period_s=9e6,
            stories=(),
            policy_versions=("v1",),
        )

    return _alert
