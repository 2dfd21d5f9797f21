"""Whether the level of one daily figure has changed for good, against what was usual before.

Knows nothing of what the figure is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean, pstdev

import msgspec

from rl.drift.detectors import Detector

_RECENT = 7
_MAX_VALUES = 400
_KEPT_VALUES = 200


@dataclass(frozen=True, slots=True)
class LevelConfig:
    """How long a figure is looked at before it is watched.

    >>> LevelConfig(n_reference=1)
    Traceback (most recent call last):
    ValueError: n_reference must be >= 2, got 1
    """

    n_reference: int = 28
    # Days from which what is usual is learned: four weeks, as weekends differ.
    n_anchor: int = 3
    # Days after a swap of policies from which the new one's level is learned: a swap is no drift.
    min_spread: float = 0.005
    # Of the usual: a figure that hardly ever moves would otherwise drift by a hair.
    max_deviation: float = 6.0
    # In usual deviations, of a day: a crisis of a day or two is no drift, however great.

    def __post_init__(self) -> None:
        if self.n_reference < 2:
            raise ValueError(f"n_reference must be >= 2, got {self.n_reference}")
        if self.n_anchor < 1:
            raise ValueError(f"n_anchor must be >= 1, got {self.n_anchor}")
        for name in ("min_spread", "max_deviation"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")


class LevelState(msgspec.Struct):
    """All that a watch remembers; the detector is made anew from the values."""

    version: str = ""
    reference: list[float] = msgspec.field(default_factory=list)
    mean: float = 0.0  # usual
    spread: float = 0.0  # usual standard deviation; 0 until it is known
    values: list[float] = msgspec.field(default_factory=list)  # in usual deviations, since the detector began
    recent: list[float] = msgspec.field(default_factory=list)  # as they came
    anchor: list[float] | None = None  # of a new version, until its level is known
    n_detected: int = 0


class LevelWatch:
    """Watches one figure.

    After a change was found, what is usual is learned anew.

    >>> from rl.drift.detectors import either_way
    >>> watch = LevelWatch(either_way, LevelConfig(n_reference=14))
    >>> [day for day in range(60) if watch.update((day % 2) * 0.01 + (0.3 if day >= 30 else 0.2), "p-1")]
    [35]

    Args:
        make: of a fresh detector.
        config: how long it looks before.
        state: to go on from.
    """

    def __init__(
        self, make: Callable[[], Detector], config: LevelConfig | None = None, state: LevelState | None = None
    ) -> None:
        self._make = make
        self._config = config or LevelConfig()
        self._state = state or LevelState()
        self._detector = self._replayed()

    def update(self, value: float, version: str) -> bool:
        """Take a day's figure, and return whether it shows that the level has changed for good.

        Args:
            value: the figure.
            version: of the policy by which it came about.
        """
        state = self._state
        if not math.isfinite(value):
            raise ValueError(f"value must be finite, got {value}")
        if version != state.version:
            state.anchor = [] if state.version else None
            state.version = version
        if state.anchor is not None:
            self._anchor(state.anchor, value)
            return False
        state.recent = [*state.recent, value][-_RECENT:]
        if not state.spread:
            self._learn(value)
            return False
        most = self._config.max_deviation
        return self._detect(min(most, max(-most, (value - state.mean) / state.spread)))

    def get(self) -> float | None:
        """Return how many usual deviations the last seven figures lie from the usual; None while that is learned."""
        return fmean(self._state.values[-_RECENT:]) if self._state.values else None

    def snapshot(self) -> LevelState:
        """Return a copy of the state, from which a watch goes on as this one would."""
        return msgspec.convert(msgspec.to_builtins(self._state), LevelState)

    def _learn(self, value: float) -> None:
        state = self._state
        state.reference.append(value)
        if len(state.reference) >= self._config.n_reference:
            state.mean = fmean(state.reference)
            state.spread = max(pstdev(state.reference), self._config.min_spread * abs(state.mean), 1e-9)
            state.reference = []

    def _anchor(self, anchor: list[float], value: float) -> None:
        """Learn the level of a new version: it goes on where the one before it was."""
        state = self._state
        anchor.append(value)
        if len(anchor) < self._config.n_anchor:
            return
        if state.recent:
            moved = fmean(anchor) - fmean(state.recent)
            state.mean += moved
            state.recent = [each + moved for each in state.recent]
            state.reference = [each + moved for each in state.reference]
        state.anchor = None

    def _detect(self, value: float) -> bool:
        state = self._state
        state.values.append(value)
        self._detector.update(value)
        if self._detector.drift_detected:
            state.n_detected += 1
            state.values, state.spread = [], 0.0
            self._detector = self._make()
            return True
        if len(state.values) > _MAX_VALUES:
            state.values = state.values[-_KEPT_VALUES:]
            self._detector = self._replayed()
        return False

    def _replayed(self) -> Detector:
        detector = self._make()
        for value in self._state.values:
            detector.update(value)
        return detector
