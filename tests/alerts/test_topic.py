from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
import pytest

from alerts.observation import Observation
from alerts.stories.sketches import TextSketch
from alerts.surges.evidence import Evidence
from alerts.surges.surge import SurgeConfig
from alerts.topic import TopicConfig, TopicTrend
from alerts.windows.windows import Window, WindowConfig

BINS_ALONE = TopicConfig(windows=WindowConfig(resolutions_s=()))
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def seen(
    document_id: str,
    minute: float,
    *,
    known: float | None = None,
    late: bool = False,
    words: tuple[int, ...] = (),
    source: str = "Wire",
    sentiment: tuple[float, float, float] = (0.8, 0.1, 0.1),
    kind: Literal["news", "social"] = "news",
) -> Observation:
    return Observation(
        document_id=document_id,
        published_at=NOON + timedelta(minutes=minute),
        known_at=None if known is None else NOON + timedelta(minutes=known),
        is_late=late,
        kind=kind,
        source=source,
        sentiment=sentiment,
        sketch=TextSketch(words),
        excerpt=f"text of {document_id}",
        url=f"https://example.org/{document_id}",
        policy_version="v1",
    )


def after(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def short(windows: tuple[Window, ...]) -> list[tuple[int, str, int, int]]:
    return [(window.start_at.minute, window.status.value, window.n_documents, window.n_stories) for window in windows]


def test_nothing_counts_before_its_tick_is_closed() -> None:
    trend = TopicTrend("FTX", TopicConfig())
    trend.observe(seen("a", 1))
    assert trend.close(after(4.9)).windows == ()
    assert short(trend.close(after(5)).windows) == [(0, "provisional", 1, 1)]


def test_it_says_when_it_is_next_due() -> None:
    trend = TopicTrend("FTX", BINS_ALONE)
    assert trend.due_at() is None
    trend.observe(seen("a", 1))
    assert trend.due_at() == after(5)
    trend.close(after(5))
    assert trend.due_at() == after(35)  # its window becomes final
    assert short(trend.close(after(35)).windows) == [(0, "final", 1, 1)]
    assert trend.due_at() is None


def test_a_delayed_document_waits_for_the_tick_in_which_it_became_known() -> None:
    trend = TopicTrend("FTX", TopicConfig())
    trend.observe(seen("a", 1))
    trend.observe(seen("b", 2, known=13))
    assert short(trend.close(after(10)).windows) == [(0, "provisional", 1, 1)]
    assert short(trend.close(after(15)).windows) == [(0, "revised", 2, 2)]


def test_a_late_document_is_reported_and_changes_nothing() -> None:
    trend = TopicTrend("FTX", TopicConfig())
    trend.observe(seen("a", 1, known=60, late=True))
    closed = trend.close(after(65))
    assert [observation.document_id for observation in closed.late] == ["a"]
    assert (closed.windows, closed.n_documents, closed.n_stories) == ((), 0, 0)


def test_a_document_after_the_close_of_its_tick_is_a_broken_promise() -> None:
    trend = TopicTrend("FTX", TopicConfig())
    trend.close(after(10))
    with pytest.raises(ValueError, match="observation 'a' must be known after tick"):
        trend.observe(seen("a", 9))


def test_closing_what_is_closed_does_nothing() -> None:
    trend = TopicTrend("FTX", TopicConfig())
    trend.observe(seen("a", 1))
    trend.close(after(10))
    before = trend.snapshot()
    assert trend.close(after(10)).windows == trend.close(after(5)).windows == ()
    assert trend.snapshot() == before


def test_copies_are_documents_but_no_stories() -> None:
    trend = TopicTrend("FTX", TopicConfig())
    for n in range(5):
        trend.observe(seen(f"a{n}", n / 2, words=tuple(range(10)), source=f"S{n}"))
    closed = trend.close(after(5))
    assert (closed.n_documents, closed.n_stories) == (5, 1)
    assert (closed.windows[0].n_negative, closed.windows[0].n_sources) == (1, 5)


def test_the_origins_travel_with_the_state() -> None:
    trend = TopicTrend("FTX", TopicConfig())
    trend.origins[3] = 17
    assert TopicTrend.restore(TopicConfig(), trend.snapshot()).origins == {3: 17}


def crisis(trend: TopicTrend) -> list[Evidence]:
    """Ten quiet days with a neutral story every two hours, then a negative one every ten minutes."""
    for n in range(120):
        trend.observe(seen(f"q{n}", 120 * n, sentiment=(0.1, 0.8, 0.1), source="Desk"))
    start = 120 * 120
    for n in range(12):
        words = tuple(range(100 * n, 100 * n + 8))
        trend.observe(seen(f"c{n}", start + 10 * n, words=words, source=f"S{n % 4}"))
        if n == 0:
            trend.observe(seen("copy", start + 1, words=words, source="Copier"))
    return list(trend.close(after(start + 3_000)).evidence)


def test_evidence_of_a_crisis_comes_with_its_stories() -> None:
    evidence = crisis(TopicTrend("FTX", TopicConfig()))
    first = next(one for one in evidence if one.is_over)
    assert first.stories[0].excerpt == "text of c0"
    assert (first.stories[0].copies, first.stories[0].url) == (2, "https://example.org/c0")
    assert len(first.stories) <= 5
    assert first.policy_versions == ("v1",)
    assert not evidence[-1].is_raised
    ticks = [one.at for one in evidence]
    assert ticks == sorted(set(ticks))


def test_evidence_says_which_other_topics_its_stories_are_about() -> None:
    trend = TopicTrend("FTX", TopicConfig(), watched_since=NOON - timedelta(days=20))
    beside = [("alameda", "binance"), ("alameda",), ("alameda", "binance"), ("gold",), (), ()]
    for n, others in enumerate(beside):
        trend.observe(
            replaced(seen(f"c{n}", 10 * n, words=tuple(range(100 * n, 100 * n + 8)), source=f"S{n % 4}"), others)
        )
    evidence = trend.close(after(60)).evidence
    assert evidence[-1].related == ("alameda", "binance")  # gold is named by one story only


def replaced(observation: Observation, beside: tuple[str, ...]) -> Observation:
    return msgspec.structs.replace(observation, beside=beside)


def test_a_topic_seen_for_the_first_time_has_been_quiet_since_the_stream_was_watched() -> None:
    def surges(trend: TopicTrend) -> bool:
        for n in range(12):
            trend.observe(seen(f"c{n}", 10 * n, words=tuple(range(100 * n, 100 * n + 8)), source=f"S{n % 4}"))
        return any(one.is_over for one in trend.close(after(600)).evidence)

    assert not surges(TopicTrend("FTX", TopicConfig()))
    assert surges(TopicTrend("FTX", TopicConfig(), watched_since=NOON - timedelta(days=20)))


def test_the_parts_must_agree_on_the_tick() -> None:
    with pytest.raises(ValueError, match=r"surge\.bin_s must be 60 as in windows, got 300"):
        TopicConfig(windows=WindowConfig(bin_s=60), surge=SurgeConfig(bin_s=300))
