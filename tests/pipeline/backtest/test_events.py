"""Known events: YAML, JSON lines, and lists of another make."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.topics.watchlist import Watchlist
from pipeline.backtest.events import KnownEvent, read_events
from pipeline.errors import CommandFailed


def read(tmp_path: Path, name: str, text: str, watchlist: Watchlist) -> tuple[KnownEvent, ...]:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return read_events(file, watchlist)


def test_a_time_and_a_day_with_windows_of_their_own(tmp_path: Path, watchlist: Watchlist) -> None:
    text = """
events:
  - {topic: ftx, at: 2022-11-11T15:00:00+01:00, name: Chapter 11, before: 1h, after: 1d}
  - {topic: BlockFi, at: 2022-11-10, name: withdrawals paused}
"""
    day, timed = read(tmp_path, "events.yaml", text, watchlist)  # in order of time
    assert (day.topic, day.at, day.is_day) == ("blockfi", datetime(2022, 11, 10, tzinfo=UTC), True)
    # half a day before the day begins, and after it ends
    assert (day.begins_at, day.ends_at) == (
        datetime(2022, 11, 9, 12, tzinfo=UTC),
        datetime(2022, 11, 11, 12, tzinfo=UTC),
    )
    assert (timed.at, timed.is_day) == (datetime(2022, 11, 11, 14, tzinfo=UTC), False)
    assert (timed.begins_at, timed.ends_at) == (
        datetime(2022, 11, 11, 13, tzinfo=UTC),
        datetime(2022, 11, 12, 14, tzinfo=UTC),
    )


def test_a_list_that_calls_things_otherwise(tmp_path: Path, watchlist: Watchlist) -> None:
    line = '{"stream": "crypto22", "topic": "Genesis", "regex": "dcg", "date": "2023-01-20", "event": "Chapter 11"}\n'
    (event,) = read(tmp_path, "events.jsonl", line + "\n", watchlist)
    assert (event.topic, event.name, event.is_day) == ("genesis", "Chapter 11", True)


def test_the_list_that_comes_with_the_documentation(watchlist: Watchlist) -> None:
    events = read_events(Path(__file__).resolve().parents[3] / "docs" / "crypto-events.yaml", watchlist)
    assert [event.topic for event in events] == ["celsius", "ftx", "ftx", "ftx", "genesis", "blockfi", "genesis"]


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("e.yaml", "events: [{topic: fxt, at: 2022-11-11, name: a}]", "event 1: topic 'fxt' is no topic of the wa"),
        ("e.yaml", "events: [{topic: binanse, at: 2022-11-11, name: a}]", "; did you mean binance?"),
        ("e.yaml", "events: [{topic: ftx, at: yesterday, name: a}]", "event 1: at must be a day or an ISO 8601 time"),
        ("e.yaml", "events: [{topic: ftx, at: 2022-11-11T15:00:00, name: a}]", "at must say its offset, such as"),
        ("e.yaml", "events: [{topic: ftx, at: 2022-11-11}]", "event 1: name is missing; each event needs topic, at"),
        ("e.yaml", "events: [{topic: ftx, at: 2022-11-11, name: a, by: b}]", "event 1: unknown key 'by'; known are"),
        ("e.yaml", "events: [{topic: ftx, at: 2022-11-11, name: a, after: 3}]", "event 1: after must have a unit"),
        ("e.yaml", "events: [7]", "event 1: must be a mapping with topic, at and name, got 7"),
        ("e.yaml", "- {topic: ftx}", "must hold one key, `events`, with a list; or be JSON lines"),
        ("e.yaml", "events: []", "has no event; each needs topic, at and name"),
        ("e.jsonl", '{"topic": "ftx"', "e.jsonl:1: is no JSON"),
    ],
)
def test_a_fault_is_one_line_that_says_where(
    tmp_path: Path, watchlist: Watchlist, name: str, text: str, complaint: str
) -> None:
    with pytest.raises(CommandFailed) as failed:
        read(tmp_path, name, text, watchlist)
    assert complaint in str(failed.value)
    assert str(failed.value).startswith(str(tmp_path / name))
    assert "\n" not in str(failed.value)


def test_a_file_that_is_not_there(tmp_path: Path, watchlist: Watchlist) -> None:
    with pytest.raises(CommandFailed, match=r"cannot read .*events\.yaml: no such file or directory"):
        read_events(tmp_path / "events.yaml", watchlist)
