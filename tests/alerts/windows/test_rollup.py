"""Windows of an hour and of a day, told by a topic."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
import pytest

from alerts.observation import Observation
from alerts.stories.sketches import TextSketch
from alerts.topic import TopicConfig, TopicTrend
from alerts.windows.history import Change
from alerts.windows.windows import Window, WindowConfig

MIDNIGHT = datetime(2026, 1, 2, tzinfo=UTC)
HOUR, DAY = 3_600, 86_400
NEGATIVE, POSITIVE = (0.8, 0.1, 0.1), (0.1, 0.1, 0.8)


def at(hour: int, minute: float = 0) -> datetime:
    return MIDNIGHT + timedelta(hours=hour, minutes=minute)


def seen(document_id: str, published_at: datetime, **changes: Any) -> Observation:
    fields: dict[str, Any] = {
        "document_id": document_id,
        "published_at": published_at,
        "known_at": published_at - timedelta(minutes=2),
        "source": f"source of {document_id}",
        "sentiment": NEGATIVE,
        "policy_version": "v1",
    }
    return Observation(**fields | changes)


def of_length(windows: Iterable[Window], length_s: int) -> list[Window]:
    return [window for window in windows if (window.end_at - window.start_at).total_seconds() == length_s]


def told(windows: Iterable[Window], length_s: int) -> list[tuple[int, str, int, int]]:
    """Return hour of start, status, documents and negative stories of the windows of a length."""
    return [
        (
            round((window.start_at - MIDNIGHT).total_seconds() / HOUR),
            window.status.value,
            window.n_documents,
            window.n_negative,
        )
        for window in of_length(windows, length_s)
    ]


@pytest.fixture
def trend() -> TopicTrend:
    return TopicTrend("FTX", TopicConfig())


def test_an_hour_is_told_at_its_end_and_final_when_its_last_bin_is(trend: TopicTrend) -> None:
    trend.observe(seen("a", at(12, 1)))
    trend.observe(seen("b", at(12, 31), sentiment=POSITIVE))
    assert told(trend.close(at(12, 59)).windows, HOUR) == []
    assert trend.due_at() == at(13)
    assert told(trend.close(at(13)).windows, HOUR) == [(12, "provisional", 2, 1)]
    assert told(trend.close(at(13, 29)).windows, HOUR) == []
    assert told(trend.close(at(13, 30)).windows, HOUR) == [(12, "final", 2, 1)]


def test_a_day_is_told_like_an_hour(trend: TopicTrend) -> None:
    trend.observe(seen("a", at(1, 1)))
    trend.observe(seen("b", at(22, 31)))
    assert told(trend.close(at(23, 59)).windows, DAY) == []
    assert told(trend.close(at(24)).windows, DAY) == [(0, "provisional", 2, 2)]
    assert told(trend.close(at(24, 30)).windows, DAY) == [(0, "final", 2, 2)]
    assert trend.due_at() is None


@pytest.mark.parametrize("length_s", [HOUR, DAY])
def test_a_delayed_document_revises_what_was_told(trend: TopicTrend, length_s: int) -> None:
    trend.observe(seen("a", at(23, 58)))
    trend.observe(seen("b", at(23, 57), known_at=at(24, 11)))
    start = 24 - length_s // HOUR
    assert told(trend.close(at(24)).windows, length_s) == [(start, "provisional", 1, 1)]
    assert told(trend.close(at(24, 10)).windows, length_s) == []
    assert told(trend.close(at(24, 15)).windows, length_s) == [(start, "revised", 2, 2)]
    assert told(trend.close(at(26)).windows, length_s) == [(start, "final", 2, 2)]


def test_a_delayed_document_of_an_hour_without_any_is_a_revision(trend: TopicTrend) -> None:
    trend.observe(seen("b", at(12, 57), known_at=at(13, 11)))
    assert told(trend.close(at(16)).windows, HOUR) == [(12, "revised", 1, 1), (12, "final", 1, 1)]


def test_a_copy_in_another_hour_is_a_document_there_and_no_story(trend: TopicTrend) -> None:
    sketch = TextSketch((1, 2, 3, 4))
    trend.observe(seen("a", at(12, 50), sketch=sketch))
    trend.observe(seen("b", at(13, 10), sketch=sketch))
    final = [window for window in of_length(trend.close(at(16)).windows, HOUR) if window.status == "final"]
    assert [(window.n_documents, window.n_stories) for window in final] == [(1, 1), (1, 0)]
    (day,) = [window for window in of_length(trend.close(at(25)).windows, DAY) if window.status == "final"]
    assert (day.n_documents, day.n_stories) == (2, 1)
    assert final[1].polarity is None
    assert day.polarity == pytest.approx(-0.7, abs=1e-9)


def test_a_source_counts_once_in_an_hour(trend: TopicTrend) -> None:
    for n in range(12):
        trend.observe(seen(f"d{n}", at(12, 5 * n), source=f"outlet-{n % 3}"))
    *_, hour = of_length(trend.close(at(14)).windows, HOUR)
    assert (hour.n_documents, hour.n_sources) == (12, 3)


def test_an_hour_tells_its_stories_by_the_policy_that_read_them(trend: TopicTrend) -> None:
    trend.observe(seen("a", at(12, 1)))
    trend.observe(seen("b", at(12, 31), policy_version="v2", negative_ratio=1.5, sentiment=POSITIVE))
    *_, hour = of_length(trend.close(at(14)).windows, HOUR)
    assert (hour.policy_versions, hour.stories_by_version) == ({"v1": 1, "v2": 1}, {"v1": (1, 1), "v2": (1, 0)})
    assert hour.negative_ratio == 1.25


def corrected(
    document_id: str,
    published_at: datetime,
    known_at: datetime,
    number: int,
    change: Literal["revised", "added", "retracted"] = "revised",
) -> Observation:
    said = {"known_at": known_at, "revision": number, "change": change, "sentiment": POSITIVE}
    return seen(document_id, published_at, **said)


def test_a_correction_of_a_final_bin_is_in_the_day_that_is_still_open(trend: TopicTrend) -> None:
    trend.observe(seen("a", at(12, 1)))
    trend.observe(corrected("a", at(12, 1), at(20), 0))
    windows = trend.close(at(25)).windows
    assert told(windows, HOUR) == [(12, "provisional", 1, 1), (12, "final", 1, 1), (12, "corrected", 1, 0)]
    assert told(windows, DAY) == [(0, "provisional", 1, 0), (0, "final", 1, 0)]


def test_a_correction_of_yesterday_puts_a_view_beside_the_final_hour_and_day(trend: TopicTrend) -> None:
    trend.observe(seen("a", at(12, 1)))
    trend.observe(seen("b", at(12, 21)))
    trend.close(at(25))
    trend.observe(corrected("b", at(12, 21), at(30), 0))
    trend.observe(corrected("a", at(12, 1), at(31), 1, "retracted"))
    closed = trend.close(at(32)).windows
    assert told(closed, HOUR) == [(12, "corrected", 2, 1), (12, "corrected", 1, 0)]
    assert told(closed, DAY) == [(0, "corrected", 2, 1), (0, "corrected", 1, 0)]
    assert of_length(closed, DAY)[-1].polarity == pytest.approx(0.7)


def test_a_document_that_a_correction_brings_makes_an_hour_where_there_was_none(trend: TopicTrend) -> None:
    trend.observe(seen("a", at(12, 1)))
    trend.observe(corrected("x", at(9, 30), at(13), 0, "added"))
    closed = trend.close(at(14)).windows
    assert told(closed, HOUR)[1:] == [(9, "corrected", 1, 0), (12, "final", 1, 1)]
    assert [window.n_sources for window in of_length(closed, HOUR)] == [1, 1, 1]
    assert told(trend.close(at(25)).windows, DAY)[-1] == (0, "final", 2, 1)


def test_a_window_tells_its_change_against_the_day_and_the_week_before(trend: TopicTrend) -> None:
    for day, n_negative, n_stories in ((0, 1, 4), (6, 2, 2), (7, 3, 6)):
        for n in range(n_stories):
            sentiment = NEGATIVE if n < n_negative else POSITIVE
            trend.observe(seen(f"{day}-{n}", at(24 * day + 12, 9 * n), sentiment=sentiment))
    windows = trend.close(at(24 * 9)).windows
    for length_s in (HOUR, DAY):
        first, day_before, last = (window for window in of_length(windows, length_s) if window.status == "final")
        assert (first.day_before, first.week_before, day_before.day_before) == (None, None, None)
        # 3 of 6 against 2 of 2, and against 1 of 4
        assert last.day_before == Change(n_stories=2, stories_ratio=3.0, share_difference=-0.5)
        assert last.week_before == Change(n_stories=4, stories_ratio=1.5, share_difference=0.25)
    assert all(window.day_before is window.week_before is None for window in of_length(windows, 300))


def test_a_change_of_policies_is_no_change_of_shares(trend: TopicTrend) -> None:
    for day, version, ratio, n_negative in ((0, "v1", 1.0, 2), (1, "v2", 1.5, 3)):
        for n in range(4):
            sentiment = NEGATIVE if n < n_negative else POSITIVE
            changes = {"sentiment": sentiment, "policy_version": version, "negative_ratio": ratio}
            trend.observe(seen(f"{day}-{n}", at(24 * day + 12, 9 * n), **changes))
    *_, last = of_length(trend.close(at(60)).windows, HOUR)
    assert last.negative_share == 0.75
    assert last.day_before == Change(4, 1.0, pytest.approx(0.0))


def test_a_correction_changes_what_later_windows_are_compared_with(trend: TopicTrend) -> None:
    for day in (0, 1):
        trend.observe(seen(f"{day}", at(24 * day + 12, 1)))
    trend.observe(corrected("0", at(12, 1), at(20), 0))
    *_, last = of_length(trend.close(at(60)).windows, HOUR)
    assert last.day_before == Change(1, 1.0, 1.0)


def test_a_topic_from_before_there_were_longer_windows_has_them_from_its_last_day_on() -> None:
    bins_alone = TopicConfig(windows=WindowConfig(resolutions_s=()))
    old, new = TopicTrend("FTX", bins_alone), TopicTrend("FTX", TopicConfig())
    for n in range(20):
        for each in (old, new):
            each.observe(seen(f"{n}", at(0, 37 * n), source="Wire"))
    until = at(12, 21)  # two bins are open then
    old.close(until)
    new.close(until)
    upgraded = TopicTrend.restore(TopicConfig(), old.snapshot())
    for n in range(20, 30):
        for each in (upgraded, new):
            each.observe(seen(f"{n}", at(0, 37 * n), source="Wire"))
    for number, document in enumerate((0, 5, 17, 19)):
        for each in (upgraded, new):
            each.observe(corrected(f"{document}", at(0, 37 * document), at(13), number, "retracted"))
    assert upgraded.close(at(40)).windows == new.close(at(40)).windows
    assert upgraded.snapshot() == new.snapshot()


def size(trend: TopicTrend) -> int:
    """Return the bytes that longer windows add to a topic's state, those that are open or can be corrected aside."""
    state = msgspec.msgpack.decode(trend.snapshot())
    return sum(len(msgspec.msgpack.encode(history)) for _, _, history in state["rollups"].values())


def weeks(per_hour: int, n_days: int) -> TopicTrend:
    draw = random.Random(1)
    trend = TopicTrend("FTX", TopicConfig())
    n = 0
    for hour in range(24 * n_days):
        for _ in range(per_hour):
            minute = draw.uniform(0, 60)
            trend.observe(seen(f"{n}", at(hour, minute), known_at=None, sentiment=draw.choice([NEGATIVE, POSITIVE])))
            n += 1
        trend.close(at(hour + 1))
    return trend


def test_the_state_of_a_topic_with_a_story_a_day_is_small() -> None:
    trend = TopicTrend("FTX", TopicConfig())
    for day in range(30):
        trend.observe(seen(f"{day}", at(24 * day, 60)))
    trend.close(at(24 * 31))
    # 9 or 8 days of 3 bytes, of hours and of days, and the first tick of each
    assert size(trend) < 70


def test_the_state_of_a_busy_topic_keeps_within_a_kilobyte() -> None:
    trend = weeks(per_hour=8, n_days=11)
    # 193 hours of 3 bytes and 9 days of up to 5
    assert 193 * 3 <= size(trend) < 650
    state = msgspec.msgpack.decode(trend.snapshot())["rollups"]
    # a window of an hour that can be corrected costs some 25 bytes: there are 25, and two of a day
    assert sum(len(msgspec.msgpack.encode(finals)) for _, finals, _ in state.values()) < 1_000
    assert sum(len(msgspec.msgpack.encode(opened)) for opened, _, _ in state.values()) < 300
