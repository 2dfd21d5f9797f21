"""What the fields of a rule mean, a sentence each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from alerts.rules.absolute import AbsoluteRule
from alerts.rules.durations import written_duration
from alerts.rules.quiet import DAYS, Day, QuietHours
from alerts.rules.rule import DAY_S, Rule
from alerts.rules.written import written_time

_SEVERITIES = {
    "auto": "warning, or critical if all three of the above hold",
    "warning": "never critical",
    "critical": "always critical",
}


def meanings(rule: Rule) -> dict[str, str]:
    """Return a sentence for each field of a rule.

    >>> meanings(Rule())["false_alarms"]
    'about one false alarm at most in 30 days'
    >>> meanings(Rule(routes=("webhook",)))["routes"]
    'told to webhook only'
    """
    return {field.name: _SENTENCES[field.name](rule) for field in fields(Rule)}


def meaning_of_quiet(hours: QuietHours) -> str:
    """Return when alerts are held, and which.

    >>> from datetime import time
    >>> meaning_of_quiet(QuietHours(days=("mon", "tue", "wed"), begin=time(22), end=time(7), timezone="Asia/Tokyo"))
    'mon to wed from 22:00 to 07:00 the day after (Asia/Tokyo): held till the end, critical ones told at once'
    """
    begin, end = written_time(hours.begin), written_time(hours.end, is_end=True)
    is_overnight = hours.end <= hours.begin and end != "24:00"
    after = " the day after" if is_overnight else ""
    held = "held till the end" + (
        ", critical ones as well" if hours.also_critical else ", critical ones told at once"
    )
    return f"{_days(hours.days)} from {begin} to {end}{after} ({hours.timezone}): {held}"


def meaning_of_absolute(rule: AbsoluteRule) -> str:
    """Return when an absolute rule is on.

    >>> meaning_of_absolute(AbsoluteRule(name="sour", measure="polarity_below", threshold=-0.4))
    'sour (warning): mean polarity of 4h below -0.4 for 30m, of 10 stories or more'
    """
    measure = "mean polarity" if rule.measure == "polarity_below" else "negative share"
    beyond = "below" if rule.measure == "polarity_below" else "above"
    return (
        f"{rule.name} ({rule.severity}): {measure} of {written_duration(rule.window_s)} {beyond} {rule.threshold:g} "
        f"for {written_duration(rule.for_s)}, of {rule.min_stories} stories or more"
    )


_SENTENCES: dict[str, Callable[[Rule], str]] = {
    "is_on": lambda rule: "alerts are told" if rule.is_on else "nothing is told, whatever the rest says",
    "false_alarms": lambda rule: f"about one false alarm at most in {_days_of(rule.return_period_s)}",
    "min_negative": lambda rule: f"no alert with fewer than {rule.min_negative} negative stories",
    "min_sources": lambda rule: f"of {_n(rule.min_sources, 'source')} at least",
    "min_posts": lambda rule: f"{_n(rule.min_posts, 'negative post')} stand for a second source",
    "hold_s": lambda rule: f"an episode closes {written_duration(rule.hold_s)} after it was last raised",
    "cool_down_s": lambda rule: (
        f"for {written_duration(rule.cool_down_s)} after an episode only a graver one is told"
        if rule.cool_down_s
        else "an episode is told however soon after the last one"
    ),
    "critical_return_period_s": lambda rule: (
        f"critical is what is usual once in {_days_of(rule.critical_return_period_s)} or less often,"
    ),
    "critical_n_negative": lambda rule: (
        f"in {_n(rule.critical_n_negative, 'negative story', 'negative stories')} or more,"
    ),
    "critical_n_sources": lambda rule: f"of {_n(rule.critical_n_sources, 'source')} or more",
    "severity": lambda rule: _SEVERITIES[rule.severity],
    "quiet": lambda rule: "; ".join(map(meaning_of_quiet, rule.quiet)) or "told at any hour",
    "routes": lambda rule: f"told to {', '.join(rule.routes)} only" if rule.routes else "told to every receiver",
    "absolutes": lambda rule: "; ".join(map(meaning_of_absolute, rule.absolutes)) or "nothing beside surges",
}


def _days_of(seconds: float) -> str:
    days = seconds / DAY_S
    return _n(round(days), "day") if days >= 2 else written_duration(seconds)


def _n(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def _days(days: tuple[Day, ...]) -> str:
    places = sorted(map(DAYS.index, days))
    if len(places) == len(DAYS):
        return "every day"
    if len(places) > 2 and places == list(range(places[0], places[0] + len(places))):
        return f"{DAYS[places[0]]} to {DAYS[places[-1]]}"
    return ", ".join(DAYS[place] for place in places)
