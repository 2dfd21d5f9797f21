from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.demo.tally import Tally
from pipeline.records import AlertRecord, TrendRecord

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def window(topic: str = "acme", at: datetime = NOON, **facts: Any) -> TrendRecord:
    given: dict[str, Any] = {
        "status": "final",
        "n_documents": 4,
        "n_stories": 2,
        "n_negative": 1,
        "n_neutral": 1,
        "n_positive": 0,
        "polarity": -0.4,
        "negative_share": 0.5,
        "n_sources": 2,
        "policy_versions": {"v1": 4},
    }
    return TrendRecord(topic=topic, start_at=at, end_at=at + timedelta(minutes=5), **(given | facts))


def test_a_row_sums_up_four_hours_of_windows() -> None:
    tally = Tally()
    tally.add_window(window(at=NOON - timedelta(hours=5)))
    tally.add_window(
        window(at=NOON - timedelta(hours=1), n_stories=1, n_negative=0, polarity=0.8, negative_share=0.0)
    )
    tally.add_window(window())
    (row,) = tally.rows()
    assert (row.n_documents, row.n_stories, row.n_negative) == (8, 3, 1)
    assert row.polarity is not None
    assert round(row.polarity, 6) == 0.0  # (1 * 0.8 - 2 * 0.4) / 3
    assert row.negative_share == 1 / 3


def test_a_later_word_on_a_window_takes_the_place_of_the_earlier_one() -> None:
    tally = Tally()
    tally.add_window(window(status="provisional", n_documents=1))
    tally.add_window(window(n_documents=3))
    assert tally.rows()[0].n_documents == 3
    assert tally.n_final == 1


def test_a_window_of_copies_alone_has_no_polarity() -> None:
    tally = Tally()
    tally.add_window(window(n_stories=0, n_negative=0, n_neutral=0, polarity=None, negative_share=None))
    assert (tally.rows()[0].polarity, tally.rows()[0].negative_share) == (None, None)


def test_topics_with_most_negative_stories_come_first() -> None:
    tally = Tally()
    tally.add_window(window("calm", n_negative=0))
    tally.add_window(window("acme", n_negative=2))
    assert [row.topic for row in tally.rows()] == ["acme", "calm"]


def test_only_opening_alerts_count_as_opened(an_alert: Callable[..., AlertRecord]) -> None:
    tally = Tally()
    tally.add_alert(an_alert("acme", NOON), NOON)
    tally.add_alert(an_alert("acme", NOON, "escalated"), NOON)
    assert [alert.record.transition for alert in tally.opened()] == ["opened"]
