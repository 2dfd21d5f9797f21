"""A back-test's report as Markdown, for people who were not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pipeline.backtest import wording
from pipeline.backtest.report import EpisodeRow, Report, TrialReport


def markdown(report: Report) -> str:
    """Return the report as a page."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    has_events = report.events_file is not None
    yield f"# Back-test of {report.file}"
    yield ""
    for line in wording.stream_lines(report):
        yield f"- {line}."
    if has_events:
        yield f"- Known events are those of {report.events_file}."
    yield ""
    yield from _table(("rules", *(trial.rules for trial in report.trials)), wording.compared(report))
    if has_events:
        yield ""
        yield (
            "An event is found by an alert that opens or escalates an episode near to it: under its own topic, else "
            "under a topic above it, else by one below it, or whose alert names it. A delay is counted from "
            "the event, of which only the day is known from the day's beginning."
        )
    for trial in report.trials:
        yield from _trial(report, trial)


def _trial(report: Report, trial: TrialReport) -> Iterator[str]:
    yield ""
    yield f"## Rules: {trial.rules}"
    yield ""
    yield f"{f'From {trial.file}, version' if trial.file else 'What is built in, version'} {trial.version}."
    if trial.events:
        yield ""
        yield "### Known events"
        yield ""
        yield from _table(wording.EVENT_COLUMNS, map(wording.event, trial.events))
    if trial.topics:
        of = wording.months(report)
        yield ""
        yield "### Episodes opened by topic and month"
        yield ""
        yield from _table(("topic", *of, "all"), (wording.topic(row, of) for row in trial.topics))
    known = [row for row in trial.episodes if not row.is_other]
    others = [row for row in trial.episodes if row.is_other]
    yield from _episodes("Other alerts: about no known event", others)
    yield from _episodes("Alerts about known events" if trial.events else "Alerts", known)


def _episodes(title: str, rows: Sequence[EpisodeRow]) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield f"### {title}"
    for row in rows:
        at, topic, told = wording.episode(row)
        closed = f", closed {wording.time(row.closed_at)}" if row.closed_at else ", still open at the end"
        escalated = ", escalated" if row.n_escalated else ""
        yield ""
        yield f"- **{at} {_plain(topic)}** ({row.severity}{escalated}{closed}): {_plain(told)}"
        if row.url:
            yield f"  <{row.url}>"
        if row.plot:
            yield f"  ![{_plain(topic)}]({row.plot})"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(map(_plain, row))} |"


def _plain(text: str) -> str:
    """Return a text that means nothing to Markdown: what is quoted comes from outside."""
    for sign in "\\|<>*_[]`":
        text = text.replace(sign, f"\\{sign}")
    return text
