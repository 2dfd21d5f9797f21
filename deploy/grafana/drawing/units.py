"""Figures as people read them, by the names that Grafana has for units."""

from __future__ import annotations

from datetime import datetime

_SECONDS = (
    (86_400 * 365.25, "years"),
    (86_400, "days"),
    (3_600, "h"),
    (60, "min"),
    (1, "s"),
    (1e-3, "ms"),
    (1e-6, "µs"),
)
_BYTES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
_SHORT = ((1e9, "Bil"), (1e6, "Mil"), (1e3, "K"))


def written(value: float | str, unit: str, decimals: int | None = None) -> str:
    """Return a value with its unit.

    >>> [written(0.257, "percentunit", 0), written(259_200.0, "s", 0), written(3.0, "suffix: /s")]
    ['26%', '3 days', '3 /s']
    """
    if isinstance(value, str):
        return _moment(value) if unit == "dateTimeAsIso" else value
    if unit == "percentunit":
        return f"{_number(value * 100, decimals)}%"
    if unit == "s":
        return _scaled(value, _SECONDS, decimals, "0 s")
    if unit == "bytes":
        return _scaled(value, _BYTES, decimals, f"{value:.0f} B")
    if unit == "short":
        return _scaled(value, _SHORT, decimals, _number(value, decimals))
    if unit.startswith("suffix:"):
        return f"{_number(value, decimals)} {unit.removeprefix('suffix:').strip()}"
    return _number(value, decimals)


def _scaled(value: float, steps: tuple[tuple[float, str], ...], decimals: int | None, least: str) -> str:
    for size, name in steps:
        if abs(value) >= size:
            return f"{_number(value / size, decimals)} {name}"
    return least


def _number(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    digits = 0 if abs(value) >= 100 or value == round(value) else (1 if abs(value) >= 10 else 2)
    return f"{value:.{digits}f}"


def _moment(value: str) -> str:
    return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M:%S}"
