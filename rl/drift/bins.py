"""Means by day of event time, of whatever is told one by one, a little out of order. Knows no detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class BinConfig:
    """When a day's mean is taken.

    >>> BinConfig(min_items=0)
    Traceback (most recent call last):
    ValueError: min_items must be > 0, got 0
    """

    min_items: int = 200
    # A day with fewer is taken together with the next: the mean's noise would be what varies.
    n_after: int = 20
    # Items of later days that close a day; one with a wrong date closes none.

    def __post_init__(self) -> None:
        for name in ("min_items", "n_after"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Bin:
    """The weighted means of a day, or of several with few items.

    >>> Bin(20_000, 200, "p-1", (0.25,)).means
    (0.25,)
    """

    day: int  # since 1970, UTC; the last one in it
    n_items: int
    version: str  # of the policy that read most of them
    means: tuple[float, ...]


class _Sums(msgspec.Struct):
    n_items: int
    weight: float
    weighted: list[float]
    versions: dict[str, int]


class BinsState(msgspec.Struct):
    """All that bins remember."""

    open: dict[int, _Sums] = msgspec.field(default_factory=dict)  # by day
    carried: _Sums | None = None  # of days with too few items
    closed_day: int | None = None  # what is of this one or earlier comes too late


class DayBins:
    """Takes items, and returns the means of each day that is over.

    >>> from datetime import UTC
    >>> bins = DayBins(BinConfig(min_items=2, n_after=1))
    >>> days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 1, 2)]
    >>> [found.means for at, value in zip(days, (0.0, 1.0, 9.0)) for found in bins.update(at, (value,), "p-1")]
    [(0.5,)]
    """

    def __init__(self, config: BinConfig | None = None, state: BinsState | None = None) -> None:
        self._config = config or BinConfig()
        self._state = state or BinsState()

    def update(self, at: datetime, values: Sequence[float], version: str, weight: float = 1.0) -> list[Bin]:
        """Take an item in, and return what it closes; one of a day that is closed is left out."""
        state, day = self._state, int(at.timestamp() // _DAY_S)
        if state.closed_day is not None and day <= state.closed_day:
            return []
        sums = state.open.get(day)
        if sums is None:
            sums = state.open[day] = _Sums(0, 0.0, [0.0] * len(values), {})
        _add(sums, 1, weight, [weight * value for value in values], {version: 1})
        return self._closed() if len(state.open) > 1 else []

    def snapshot(self) -> BinsState:
        """Return a copy of the state, from which bins go on as these would."""
        return msgspec.convert(msgspec.to_builtins(self._state), BinsState)

    def _closed(self) -> list[Bin]:
        state = self._state
        found: list[Bin] = []
        while True:
            first = min(state.open)
            if sum(sums.n_items for day, sums in state.open.items() if day > first) < self._config.n_after:
                return found
            sums = state.open.pop(first)
            state.closed_day = first
            if state.carried is not None:
                _add(
                    sums, state.carried.n_items, state.carried.weight, state.carried.weighted, state.carried.versions
                )
            state.carried = sums if sums.n_items < self._config.min_items else None
            if state.carried is None:
                version = max(sums.versions, key=lambda name: (sums.versions[name], name))
                found.append(Bin(first, sums.n_items, version, tuple(each / sums.weight for each in sums.weighted)))


def _add(sums: _Sums, n_items: int, weight: float, weighted: Sequence[float], versions: dict[str, int]) -> None:
    sums.n_items += n_items
    sums.weight += weight
    sums.weighted = [mine + other for mine, other in zip(sums.weighted, weighted, strict=True)]
    for version, n in versions.items():
        sums.versions[version] = sums.versions.get(version, 0) + n
