"""The report's figures, and how they are written."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from rich.console import Console

from models.topics.watchlist import Watchlist
from pipeline.backtest.events import KnownEvent
from pipeline.backtest.markdown import markdown
from pipeline.backtest.matching import Found
from pipeline.backtest.report import Report, report_of
from pipeline.backtest.run import Outcome, Stream
from pipeline.backtest.tables import show

EVENTS = (
    # the alert of 15:10 is an hour and ten minutes later
    KnownEvent(topic="ftx", name="withdrawals halted", at=datetime(2022, 11, 7, 14, tzinfo=UTC), is_day=False),
    KnownEvent(topic="solana", name="outage", at=datetime(2022, 11, 7, tzinfo=UTC), is_day=True),
)


def reported(outcome: Outcome, watchlist: Watchlist, events: tuple[KnownEvent, ...]) -> Report:
    name = "events.yaml" if events else None
    return report_of(outcome, watchlist, events, file="news.jsonl", events_file=name, n_rejected=2, plots={})


@pytest.fixture
def report(outcome: Outcome, watchlist: Watchlist) -> Report:
    return reported(outcome, watchlist, EVENTS)


def test_topic_months_are_topics_with_stories_times_the_span(report: Report, outcome: Outcome) -> None:
    # ten topics, those that others roll up to and themes among them
    assert report.n_topics == 10
    assert report.first_at is not None
    assert report.last_at is not None
    span_s = (report.last_at - report.first_at).total_seconds()
    assert report.n_topic_months == pytest.approx(10 * span_s / 2_592_000)
    default = report.trials[0]
    assert (default.n_opened, default.n_escalated, default.n_closed, default.n_open_at_end) == (1, 1, 1, 0)
    assert default.opened_per_topic_month == pytest.approx(1 / report.n_topic_months)
    assert default.told_per_topic_month == pytest.approx(3 / report.n_topic_months)
    assert [(row.topic, row.by_month) for row in default.topics] == [("ftx", {"2022-11": 1})]


def test_recall_and_delay_by_what_was_found(report: Report) -> None:
    default, strict = report.trials
    assert default.n_found == {Found.OWN: 1, Found.PARENT: 0, Found.RELATED: 0, Found.NOT: 1}
    assert (default.recall, default.recall_with_parents, default.recall_with_related) == (0.5, 0.5, 0.5)
    assert (default.median_delay_s, default.n_others, default.most_others) == (4_200, 0, 0)
    # the absolute rule of 14:25 was first
    assert strict.median_delay_s == 1_500
    outage, halted = sorted(default.events, key=lambda row: row.topic, reverse=True)
    assert (outage.found, outage.delay_s, outage.alert) == (Found.NOT, None, None)
    assert (halted.found, halted.delay_s, halted.alert, halted.by) == (Found.OWN, 4_200, "ftx/1/1", "FTX")


def test_alerts_about_no_known_event_are_the_others(outcome: Outcome, watchlist: Watchlist) -> None:
    default, strict = reported(outcome, watchlist, EVENTS[1:]).trials
    assert (default.recall, default.n_others, default.most_others) == (0.0, 1, 1)
    assert strict.most_others == 2  # the surge and the absolute rule, of one topic in one month
    (row,) = default.episodes
    assert row.is_other
    assert row.story == "FTX halts withdrawals, clients in Malta wait"


def test_without_events_nothing_is_said_of_recall(outcome: Outcome, watchlist: Watchlist) -> None:
    report = reported(outcome, watchlist, ())
    assert {(trial.recall, trial.n_others, trial.n_found) for trial in report.trials} == {(None, None, None)}
    assert "known event" not in markdown(report)
    assert "### Alerts" in markdown(report)


def test_json_says_all_of_it(report: Report) -> None:
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report


def test_a_stream_without_documents_has_no_rates(outcome: Outcome, watchlist: Watchlist) -> None:
    empty = replace(outcome, stream=Stream(), trials=tuple(replace(each, episodes=()) for each in outcome.trials))
    report = reported(empty, watchlist, ())
    assert report.n_topic_months == 0
    assert report.trials[0].opened_per_topic_month is None
    assert markdown(report).startswith("# Back-test of news.jsonl\n")


def test_the_page_compares_rule_sets_and_lists_events_and_alerts(report: Report) -> None:
    page = markdown(report).splitlines()
    assert "| rules | default | strict |" in page
    assert "| episodes opened | 1 | 2 |" in page
    assert "| events found under their own topic | 1 of 2 | 1 of 2 |" in page
    assert "| median delay under their own topic | 1 h 10 min | 25 min |" in page
    assert "| 2022-11-07 14:00 withdrawals halted | ftx | yes | 2022-11-07 15:10 | 1 h 10 min |" in page
    assert "| 2022-11-07 outage | solana | no |  |  |" in page
    assert "| FTX | 1 | 1 |" in page
    assert any(
        line.startswith("- **2022-11-07 15:10 FTX** (critical, escalated, closed 2022-11-08 04:10)") for line in page
    )


def test_texts_from_outside_are_no_markup(outcome: Outcome, watchlist: Watchlist) -> None:
    event = replace(EVENTS[0], name="[red]halted[/] | *all* <b>")
    report = reported(outcome, watchlist, (event,))
    assert r"\[red\]halted\[/\] \| \*all\* \<b\>" in markdown(report)
    printed = io.StringIO()
    show(report, Console(file=printed, width=300))
    assert "[red]halted[/] | *all* <b>" in printed.getvalue()
    assert "10 topics that had a story (parents and themes as well)" in printed.getvalue()
