"""A rule: what makes an alert of one topic, when it is told, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from alerts.rules.absolute import AbsoluteRule
from alerts.rules.durations import written_duration
from alerts.rules.faults import FieldFaults
from alerts.rules.quiet import QuietHours, is_endless

RuleSeverity = Literal["auto", "warning", "critical"]

DAY_S = 86_400
MONTH_S = 30 * DAY_S
FOLLOW_S = 7 * 3_600
"""So long after a surge the detector still tells evidence; as `SurgeConfig.follow_s`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is asked of the alerts of one topic; the defaults are what holds without rules.

    >>> Rule(false_alarms=2).return_period_s / DAY_S
    15.0
    >>> Rule(min_negative=2)
    Traceback (most recent call last):
        ...
    alerts.rules.faults.FieldFaults: min_negative must be >= 3, got 2: the detector tells of no fewer negative stories

    Raises:
        FieldFaults: values out of range; each field by itself, so that any of two rules can be mixed.
    """

    is_on: bool = True
    # False: nobody is told anything.
    false_alarms: float = 1.0
    # The budget, per topic and month of 30 days: a surge must be so rare on the topic's own scale.
    min_negative: int = 4
    # Negative stories in the current window.
    min_sources: int = 2
    # Distinct sources among them.
    min_posts: int = 10
    # So many negative posts stand for a second source.
    hold_s: int = 6 * 3_600
    # So long below the threshold before an episode is over.
    cool_down_s: int = 12 * 3_600
    # After one, only a graver surge opens another.
    critical_return_period_s: float = 90.0 * DAY_S
    critical_n_negative: int = 8
    critical_n_sources: int = 3
    # Critical is what is so rare, and has so many stories, of so many sources.
    severity: RuleSeverity = "auto"
    # Auto: by the three above.
    quiet: tuple[QuietHours, ...] = ()
    # When alerts are held; they are told at the end.
    routes: tuple[str, ...] = ()
    # Names of receivers; none: all.
    absolutes: tuple[AbsoluteRule, ...] = ()
    # Beside the surges.

    def __post_init__(self) -> None:
        """Check the ranges."""
        complaints = ((name, check(getattr(self, name))) for name, check in _CHECKS.items())
        found = tuple((name, complaint) for name, complaint in complaints if complaint is not None)
        if found:
            raise FieldFaults(*found)

    @property
    def return_period_s(self) -> float:
        """Return once in how long a surge may be usual for the topic."""
        return MONTH_S / self.false_alarms


def _false_alarms(value: float) -> str | None:
    if 0.01 <= value <= 10:
        return None
    if value > 10:
        return (
            f"must be <= 10 a month, got {value:g}: the detector tells of nothing that is usual more often "
            "than every 3 days"
        )
    return (
        f"must be >= 0.01 a month, got {value:g}: nothing rarer than once in ten years can be told; "
        "to be told nothing, set is_on to false"
    )


def _min_negative(value: int) -> str | None:
    return None if value >= 3 else f"must be >= 3, got {value}: the detector tells of no fewer negative stories"


def _at_least_one(value: int) -> str | None:
    return None if value >= 1 else f"must be >= 1, got {value}"


def _hold_s(value: int) -> str | None:
    if 0 < value < FOLLOW_S:
        return None
    return (
        f"must be above 0s and below {written_duration(FOLLOW_S)}, got {_shown(value)}: the detector tells "
        f"nothing more {written_duration(FOLLOW_S)} after a surge, so the episode would never close"
    )


def _cool_down_s(value: int) -> str | None:
    return None if value >= 0 else f"must be >= 0s, got {_shown(value)}"


def _critical_return_period_s(value: float) -> str | None:
    if 0 < value <= 3_650 * DAY_S:
        return None
    return (
        f"must be above 0s and at most 3650d, got {_shown(value)}: nothing rarer than once in ten years can be "
        "told; to have nothing critical, set severity to warning"
    )


def _quiet(value: tuple[QuietHours, ...]) -> str | None:
    if is_endless(value):
        return "must leave an hour of the week in which alerts can be told; to be told nothing, set is_on to false"
    return None


def _unique(value: tuple[str, ...]) -> str | None:
    twice = next((name for name in value if value.count(name) > 1), None)
    return None if twice is None else f"must each have another name, got {twice!r:.60} twice"


def _absolutes(value: tuple[AbsoluteRule, ...]) -> str | None:
    return _unique(tuple(rule.name for rule in value))


def _severity(value: str) -> str | None:
    return None if value in get_args(RuleSeverity) else f"must be auto, warning or critical, got {value!r:.60}"


def _shown(seconds: float) -> str:
    return written_duration(seconds) if seconds >= 0 else f"{seconds:g}"


_CHECKS: dict[str, Callable[[Any], str | None]] = {
    "false_alarms": _false_alarms,
    "min_negative": _min_negative,
    "min_sources": _at_least_one,
    "min_posts": _at_least_one,
    "hold_s": _hold_s,
    "cool_down_s": _cool_down_s,
    "critical_return_period_s": _critical_return_period_s,
    "critical_n_negative": _at_least_one,
    "critical_n_sources": _at_least_one,
    "severity": _severity,
    "quiet": _quiet,
    "routes": _unique,
    "absolutes": _absolutes,
}
