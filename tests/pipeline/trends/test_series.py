from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import CommandFailed
from pipeline.records import TrendRecord, encode
from pipeline.trends.series import Selection, Series, resolution_s
from pipeline.trends.sources import windows_of_file

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def hour(n: int, topic: str = "ftx", length: timedelta = timedelta(hours=1), **facts: Any) -> TrendRecord:
    start_at = NOON + timedelta(hours=n)
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
    return TrendRecord(topic=topic, start_at=start_at, end_at=start_at + length, **(given | facts))


def test_the_last_word_on_a_window_is_the_one_that_is_shown() -> None:
    series = Series(Selection("ftx", 3_600))
    series.add_all([hour(1), hour(0, status="provisional"), hour(0, status="final"), hour(0, status="corrected")])
    assert [(window.start_at, window.status) for window in series.windows] == [
        (NOON, "corrected"),
        (NOON + timedelta(hours=1), "final"),
    ]


def test_other_topics_lengths_and_times_are_left_out() -> None:
    series = Series(Selection("ftx", 3_600, NOON + timedelta(hours=1), NOON + timedelta(hours=3)))
    series.add_all([hour(n) for n in range(5)])
    series.add_all([hour(2, "gold"), hour(2, length=timedelta(minutes=5), n_documents=99)])
    assert [window.start_at.hour for window in series.windows] == [13, 14]
    assert {window.n_documents for window in series.windows} == {4}


def test_what_is_missing_between_windows_is_counted() -> None:
    series = Series(Selection("ftx", 3_600))
    series.add_all([hour(0), hour(1), hour(5)])
    assert [row if isinstance(row, int) else row.start_at.hour for row in series.with_gaps()] == [12, 13, 3, 17]


@pytest.mark.parametrize(("written", "expected"), [("5m", 300), ("1h", 3_600), ("1d", 86_400), ("12h", 43_200)])
def test_lengths_are_written_with_their_unit(written: str, expected: int) -> None:
    assert resolution_s(written) == expected


@pytest.mark.parametrize("written", ["", "h", "0h", "1.5h", "60", "1w"])
def test_a_length_without_a_unit_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="resolution must be like 5m, 1h or 1d"):
        resolution_s(written)


def test_a_file_that_holds_something_else_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "trends.jsonl"
    path.write_bytes(encode(hour(0)) + b'\n{"topic":"ftx"}\n')
    windows = windows_of_file(path)
    assert next(windows) == hour(0)
    with pytest.raises(CommandFailed, match=r"trends\.jsonl:2: not a window: "):
        next(windows)
