"""Grafana's dark colours, and which one a value has."""

from __future__ import annotations

from typing import Any

BACKGROUND, PANEL, BORDER, TEXT, WEAK, GRID = "#111217", "#181b1f", "#2c3035", "#ccccdc", "#8e8e9c", "#2a2d33"
_NAMED = {
    "green": "#73bf69", "yellow": "#fade2a", "orange": "#ff9830", "red": "#f2495c", "blue": "#5794f2",
    "purple": "#b877d9", "transparent": PANEL, "rgba(204, 204, 220, 0.35)": "#5b5d66",
}  # fmt: skip
_CLASSIC = (
    "#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#705da0", "#37872d", "#fade2a",
    "#447ebc", "#c15c17", "#890f02", "#0a437c", "#6d1f62", "#584477",
)  # fmt: skip


def named(name: str) -> str:
    """Return a colour by the name that Grafana has for it."""
    return _NAMED.get(name, name)


def classic(number: int) -> str:
    """Return the colour of a panel's series by its number."""
    return _CLASSIC[number % len(_CLASSIC)]


def of_value(value: float, thresholds: dict[str, Any]) -> str:
    """Return the colour of the highest threshold that a value reaches.

    >>> of_value(3, {"steps": [{"value": None, "color": "green"}, {"value": 2, "color": "red"}]})
    '#f2495c'
    """
    reached = [step["color"] for step in thresholds["steps"] if step["value"] is None or value >= step["value"]]
    return named(reached[-1])


def mapped(value: float | str, mappings: list[dict[str, Any]]) -> tuple[str, str] | None:
    """Return the words and the colour that a value is mapped to, if any."""
    key = value if isinstance(value, str) else f"{value:g}"
    for mapping in mappings:
        if key in mapping["options"]:
            found = mapping["options"][key]
            return found["text"], named(found["color"])
    return None
