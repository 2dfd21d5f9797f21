"""Final windows added up, by the hour and over the trailing window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from pipeline.backtest.series import Series
from pipeline.records import TrendRecord

START = datetime(2026, 1, 1, tzinfo=UTC)
Status = Literal["provisional", "final"]


def window(minute: int, n_negative: int, n_stories: int, status: Status = "final", length: int = 5) -> TrendRecord:
    start_at = START + timedelta(minutes=minute)
    return TrendRecord(
        topic="ftx",
        start_at=start_at,
        end_at=start_at + timedelta(minutes=length),
        status=status,
        n_documents=n_stories,
        n_stories=n_stories,
        n_negative=n_negative,
        n_neutral=n_stories - n_negative,
        n_positive=0,
        polarity=None,
        negative_share=None,
        n_sources=1,
        policy_versions={},
    )


@pytest.fixture
def series() -> Series:
    made = Series(bin_s=300)
    for each in (
        window(0, 9, 9, "provisional"),
        window(0, 1, 2),
        window(55, 2, 2),
        window(60, 0, 1),
        window(180, 3, 4),
    ):
        made.add_window(each)
    return made


def test_hours_without_a_story_are_there_and_have_no_share(series: Series) -> None:
    hours = series.hourly("ftx", START, START + timedelta(hours=4))
    assert [(each.n_negative, each.n_stories) for each in hours] == [(3, 4), (0, 1), (0, 0), (3, 4)]
    assert [each.share for each in hours] == [0.75, 0.0, None, 0.75]


def test_the_trailing_window_ends_where_it_says(series: Series) -> None:
    found = series.trailing("ftx", START, START + timedelta(minutes=75), window_s=3_600, step_s=900)
    # at 00:00 nothing, at 00:15 to 00:45 the first, at 01:00 the last of the hour as well
    assert [(each.at.minute, each.n_negative) for each in found] == [(0, 0), (15, 1), (30, 1), (45, 1), (0, 3)]


def test_a_topic_counts_once_it_has_a_story(series: Series) -> None:
    series.add_window(window(0, 0, 0))
    assert series.topics == ("ftx",)
    assert series.hourly("other", START, START + timedelta(hours=1))[0].n_stories == 0


def test_windows_of_an_hour_are_no_stories_beside_those_that_they_hold(series: Series) -> None:
    series.add_window(window(180, 5, 9, length=60))
    assert series.hourly("ftx", START + timedelta(hours=3), START + timedelta(hours=4))[0].n_stories == 4
