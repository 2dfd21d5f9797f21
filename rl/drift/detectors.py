"""The detectors of lasting changes that are used here, out of river. Knows no figure and no day."""

from __future__ import annotations

from typing import Any, Protocol

from river import drift


class Detector(Protocol):
    """What river's detectors have in common."""

    def update(self, x: Any) -> None:
        """Take a value in."""

    @property
    def drift_detected(self) -> bool:
        """Whether the last value shows a change."""


class EitherOf:
    """Two detectors, of which one is enough.

    >>> both = either_way()
    >>> for value in (*[0.0] * 20, *[9.0] * 3):
    ...     both.update(value)
    >>> both.drift_detected
    True
    """

    def __init__(self, *detectors: Detector) -> None:
        self._detectors = detectors

    def update(self, x: float) -> None:
        """Take a value in."""
        for detector in self._detectors:
            detector.update(x)

    @property
    def drift_detected(self) -> bool:
        """Whether the last value shows a change."""
        return any(detector.drift_detected for detector in self._detectors)


def either_way() -> Detector:
    """Return a detector of a lasting change up or down, of daily figures in usual deviations that hang together.

    *See* "Learning from time-changing data with adaptive windowing" by Bifet and Gavaldà for what is small, and
    "Continuous inspection schemes" by Page for what is large, which inflates the former's own estimate of the noise.
    How often they are wrong, and how long they take, is measured in `benchmarks/drift.py`.
    """
    adaptive = drift.ADWIN(delta=0.001, clock=1)  # type: ignore[no-untyped-call] # compiled
    return EitherOf(adaptive, drift.PageHinkley(min_instances=1, delta=1.25, threshold=20.0, alpha=1.0))


def downwards() -> Detector:
    """Return a detector of a lasting fall, of figures in usual deviations whose noise is that of sampling.

    *See* "Continuous inspection schemes" by Page.
    """
    return drift.PageHinkley(min_instances=1, delta=0.5, threshold=10.0, alpha=1.0, mode="down")
