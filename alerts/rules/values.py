"""Values of a rule file, one by one: from what YAML holds to what a rule takes, or a complaint."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Iterable
from datetime import time
from difflib import get_close_matches
from zoneinfo import available_timezones

from alerts.rules.durations import duration_s
from alerts.rules.quiet import is_time_zone

_SHORT = reprlib.Repr()
_SHORT.maxlevel = 2
_SHORT.maxstring = 60
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def shown(value: object) -> str:
    """Return a value as a complaint shows it: short, however large or tangled it is.

    >>> shown("x" * 100), shown(None)
    ("'xxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxx'", 'nothing')
    """
    return "nothing" if value is None else _SHORT.repr(value)


def guess(word: str, known: Iterable[str]) -> str:
    """Return a question for the nearest known word, or nothing.

    >>> guess("min_negativ", ["min_negative", "min_posts"])
    '; did you mean min_negative?'
    """
    near = get_close_matches(word, sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def flag(value: object) -> bool:
    """Return true or false.

    Raises:
        ValueError: it is neither, as yes, no, on and off are words.
    """
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, got {shown(value)}")
    return value


def whole(value: object) -> int:
    """Return a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"must be a whole number, got {shown(value)}")
    return value


def number(value: object) -> float:
    """Return a number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"must be a number, got {shown(value)}")
    return float(value)


def text(value: object) -> str:
    """Return a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be text, got {shown(value)}; put it in quotes")
    return value


def duration(value: object) -> int:
    """Return the seconds of a duration; only nothing needs no unit.

    >>> duration("1h30m"), duration(0)
    (5400, 0)
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if value == 0:
            return 0
        raise ValueError(f"must have a unit, such as {value}m, {value}h or {value}d, got {value}")
    if not isinstance(value, str):
        raise ValueError(f"must be a duration such as 30m, 12h or 2d, got {shown(value)}")
    return duration_s(value)


def clock(value: object) -> time:
    """Return a time of day; 24:00 is the midnight after.

    >>> clock("7:30"), clock("24:00")
    (datetime.time(7, 30), datetime.time(0, 0))
    """
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if value == "24:00":
        return time(0)
    if found is None:
        raise ValueError(f"must be a time of day such as 22:00, got {shown(value)}")
    return time(int(found[1]), int(found[2]))


def time_zone(value: object) -> str:
    """Return the name of a time zone."""
    name = text(value)
    if not is_time_zone(name):
        known = available_timezones()
        by_place = {zone.rpartition("/")[2]: zone for zone in sorted(known)}
        near = guess(name, known) or guess(by_place.get(name, ""), known)
        raise ValueError(f"must be a time zone such as Europe/Berlin, got {shown(name)}{near}")
    return name


def words(value: object) -> tuple[str, ...]:
    """Return a list of texts, each once."""
    if not isinstance(value, list):
        raise ValueError(f"must be a list such as [a, b], got {shown(value)}")
    for item in value:
        if not isinstance(item, str) or not item.strip():
            raise ValueError(f"must be a list of texts, got {shown(item)} in it; put it in quotes")
        if value.count(item) > 1:
            raise ValueError(f"must name each once, got {shown(item)} twice")
    return tuple(value)


def one_of(*choices: str) -> Callable[[object], str]:
    """Return a reader of one of some words.

    >>> one_of("warning", "critical")("critcal")
    Traceback (most recent call last):
    ValueError: must be warning or critical, got 'critcal'; did you mean critical?
    """

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            known = f"{', '.join(choices[:-1])} or {choices[-1]}"
            raise ValueError(f"must be {known}, got {shown(value)}{guess(str(value)[:60], choices)}")
        return value

    return read


def several_of(*choices: str) -> Callable[[object], tuple[str, ...]]:
    """Return a reader of a list of some words.

    >>> several_of("mon", "tue")(["tue"])
    ('tue',)
    """
    read_one = one_of(*choices)

    def read(value: object) -> tuple[str, ...]:
        found = tuple(map(read_one, words(value)))
        if not found:
            raise ValueError(f"must name some of {', '.join(choices)}; leave it out to mean all")
        return found

    return read
