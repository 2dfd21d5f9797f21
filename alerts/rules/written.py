"""Rules as they are written in a rule file, in plain lists, mappings, numbers and words."""

from __future__ import annotations

from datetime import time

from alerts.rules.absolute import AbsoluteRule
from alerts.rules.durations import written_duration
from alerts.rules.quiet import QuietHours

Plain = bool | int | float | str | list["Plain"] | dict[str, "Plain"]


def written(field: str, value: object) -> Plain:
    """Return the value of a rule's field as a rule file has it.

    >>> written("hold_s", 21_600), written("false_alarms", 1.0), written("routes", ("webhook",))
    ('6h', 1, ['webhook'])
    """
    if field.endswith("_s") and isinstance(value, int | float):
        return written_duration(value)
    if isinstance(value, tuple):
        return [written("", each) for each in value]
    if isinstance(value, QuietHours):
        return _quiet(value)
    if isinstance(value, AbsoluteRule):
        return _absolute(value)
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    raise ValueError(f"{field} must be a value of a rule, got {value!r:.60}")


def written_time(at: time, *, is_end: bool = False) -> str:
    """Return a time of day; midnight ends a day at 24:00.

    >>> written_time(time(7)), written_time(time(0), is_end=True)
    ('07:00', '24:00')
    """
    return "24:00" if is_end and at == time(0) else f"{at:%H:%M}"


def _quiet(hours: QuietHours) -> Plain:
    return {
        "days": list(hours.days),
        "begin": written_time(hours.begin),
        "end": written_time(hours.end, is_end=True),
        "timezone": hours.timezone,
        "also_critical": hours.also_critical,
    }


def _absolute(rule: AbsoluteRule) -> Plain:
    return {
        "name": rule.name,
        rule.measure: rule.threshold,
        "for": written_duration(rule.for_s),
        "window": written_duration(rule.window_s),
        "min_stories": rule.min_stories,
        "severity": rule.severity,
    }
