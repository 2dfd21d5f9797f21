"""Durations as people write them: 30m, 12h, 2d, 1h30m."""

from __future__ import annotations

import re

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile("".join(f"(?:([0-9]{{1,9}}){unit})?" for unit in _UNITS))


def duration_s(text: str) -> int:
    """Return the seconds of a duration.

    >>> duration_s("1h30m"), duration_s("2d")
    (5400, 172800)

    Raises:
        ValueError: it is none.
    """
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        raise ValueError(f"must be a duration such as 30m, 12h or 2d, got {text!r:.60}")
    return sum(int(n) * unit_s for n, unit_s in zip(found.groups("0"), _UNITS.values(), strict=True))


def written_duration(seconds: float) -> str:
    """Return a duration as it is written, in whole seconds.

    >>> written_duration(5_400), written_duration(30 * 86_400), written_duration(0)
    ('1h30m', '30d', '0s')
    """
    rest, parts = round(seconds), []
    for unit, unit_s in _UNITS.items():
        n, rest = divmod(rest, unit_s)
        if n:
            parts.append(f"{n}{unit}")
    return "".join(parts) or "0s"
