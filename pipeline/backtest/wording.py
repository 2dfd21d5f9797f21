"""How a report's figures are written, on a terminal and in Markdown alike."""

from __future__ import annotations

from datetime import datetime

from pipeline.backtest.matching import Found
from pipeline.backtest.report import EpisodeRow, EventRow, Report, TopicRow, TrialReport

EVENT_COLUMNS = ("event", "topic", "found", "told at (UTC)", "delay")
EPISODE_COLUMNS = ("opened (UTC)", "topic", "what was told")


def delay(seconds: float | None) -> str:
    """Return a delay; negative ones were early.

    >>> delay(-9_000), delay(47_700), delay(None)
    ('2 h 30 min before', '13 h 15 min', '')
    """
    if seconds is None:
        return ""
    hours, minutes = divmod(round(abs(seconds) / 60), 60)
    said = f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
    return f"{said} before" if seconds < 0 else said


def rate(value: float | None) -> str:
    """Return a rate per topic and month.

    >>> rate(0.01234), rate(None)
    ('0.0123', '')
    """
    return "" if value is None else f"{value:.3g}"


def time(at: datetime | None) -> str:
    """Return a time in UTC.

    >>> time(None)
    ''
    """
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"


def stream_lines(report: Report) -> tuple[str, ...]:
    """Return what the stream was, and how topic-months were counted."""
    rejected = f", {report.n_rejected:,} rows rejected" if report.n_rejected else ""
    late = f", {report.n_late:,} mentions too late to count" if report.n_late else ""
    return (
        f"{report.n_documents:,} documents from {time(report.first_at)} to {time(report.last_at)} UTC{rejected}"
        f"{late}, read by {', '.join(report.policy_versions)}",
        f"{report.n_topic_months:,.0f} topic-months: {report.n_topics} topics that had a story (parents and themes "
        f"as well) in {report.n_months:.1f} months of 30 days",
    )


def compared(report: Report) -> tuple[tuple[str, ...], ...]:
    """Return the comparison of rule sets: a row for each measure, a column for each rule set after its name."""
    measures = [_alerts(trial) + _recall(trial) for trial in report.trials]
    names = [name for name, _ in measures[0]] if measures else []
    return tuple((name, *(of[number][1] for of in measures)) for number, name in enumerate(names))


def _alerts(trial: TrialReport) -> tuple[tuple[str, str], ...]:
    still_open = f" ({trial.n_open_at_end} open at the end)" if trial.n_open_at_end else ""
    return (
        ("episodes opened", str(trial.n_opened)),
        ("escalated", str(trial.n_escalated)),
        ("closed", f"{trial.n_closed}{still_open}"),
        ("opened per topic and month", rate(trial.opened_per_topic_month)),
        ("alerts told per topic and month", rate(trial.told_per_topic_month)),
    )


def _recall(trial: TrialReport) -> tuple[tuple[str, str], ...]:
    if trial.n_found is None:
        return ()
    n_events = sum(trial.n_found.values())
    return (
        ("events found under their own topic", f"{trial.n_found[Found.OWN]} of {n_events}"),
        ("only under a parent", str(trial.n_found[Found.PARENT])),
        ("only by a related topic", str(trial.n_found[Found.RELATED])),
        ("not found", str(trial.n_found[Found.NOT])),
        ("median delay under their own topic", delay(trial.median_delay_s)),
        ("episodes about no known event", str(trial.n_others)),
        ("these per topic and month", rate(trial.others_per_topic_month)),
        ("most of these in one topic and month", str(trial.most_others)),
    )


def event(row: EventRow) -> tuple[str, ...]:
    """Return an event's row."""
    at = f"{row.at:%Y-%m-%d}" if row.is_day else time(row.at)
    return (f"{at} {row.name}", row.topic, _found(row), time(row.told_at), delay(row.delay_s))


def _found(row: EventRow) -> str:
    if row.found in (Found.PARENT, Found.RELATED):
        return f"by {row.by} ({row.found.value})"
    if row.found is Found.NOT and row.open_since is not None:
        return f"not (open since {time(row.open_since)})"
    return {Found.OWN: "yes", Found.NOT: "no"}[row.found]


def episode(row: EpisodeRow) -> tuple[str, ...]:
    """Return an episode's row."""
    rule = f", rule {row.rule}" if row.rule else ""
    story = f" — top story: “{row.story}”" if row.story and row.story not in row.summary else ""
    return time(row.opened_at), f"{row.topic_name}{rule}", f"{row.summary}{story}"


def months(report: Report) -> tuple[str, ...]:
    """Return the calendar months of the stream.

    >>> from types import SimpleNamespace
    >>> span = SimpleNamespace(first_at=datetime(2022, 11, 30), last_at=datetime(2023, 1, 1))
    >>> months(span)
    ('2022-11', '2022-12', '2023-01')
    """
    if report.first_at is None or report.last_at is None:
        return ()
    first, last = (12 * at.year + at.month - 1 for at in (report.first_at, report.last_at))
    return tuple(f"{month // 12}-{month % 12 + 1:02}" for month in range(first, last + 1))


def by_month(row: TopicRow) -> str:
    """Return in which months a topic's episodes opened.

    >>> by_month(TopicRow(topic="ftx", topic_name="FTX", n_opened=3, by_month={"2022-11": 2, "2023-01": 1}))
    '2022-11 (2), 2023-01'
    """
    return ", ".join(f"{month} ({n})" if n > 1 else month for month, n in sorted(row.by_month.items()))


def topic(row: TopicRow, of: tuple[str, ...]) -> tuple[str, ...]:
    """Return a topic's row, with what opened in each month."""
    return (row.topic_name, *(str(row.by_month.get(month, "")) for month in of), str(row.n_opened))
