"""Whether it is time for an update. Knows neither rounds nor clocks: both are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class WakeReason(StrEnum):
    """Why the learner wakes."""

    CORRECTIONS = "corrections"  # enough of them are fresh
    TIME = "time"  # the last update is long ago, and something is fresh
    DRIFT = "drift"  # what comes in, or how well it is read, has changed
    ASKED = "asked"  # by a person


@dataclass(frozen=True, slots=True)
class WakeRule:
    """How much has to be new before the policy is trained again.

    >>> rule = WakeRule(n_corrections=100, max_wait_s=3600)
    >>> noon = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> rule.wakes(n_fresh=99, last_at=noon, now=noon) is None
    True
    >>> rule.wakes(n_fresh=40, last_at=noon, now=noon + timedelta(hours=1)).value
    'time'
    """

    n_corrections: int = 200
    # Two days of one analyst's work; an update takes minutes, so waiting for more only delays it.
    max_wait_s: float = 7 * 86_400.0
    # A week: what analysts taught is in use within it, however few they are.
    min_corrections: int = 20
    # With fewer no update is tried, whatever the reason.

    def __post_init__(self) -> None:
        if not 1 <= self.min_corrections <= self.n_corrections:
            raise ValueError(f"min_corrections must be in [1, {self.n_corrections}], got {self.min_corrections}")
        if not self.max_wait_s > 0:
            raise ValueError(f"max_wait_s must be > 0, got {self.max_wait_s}")

    def wakes(
        self, *, n_fresh: int, last_at: datetime, now: datetime, has_drifted: bool = False, is_asked: bool = False
    ) -> WakeReason | None:
        """Return why to update now, or None.

        Args:
            n_fresh: rounds that no update has seen, those of weight 0 not counted.
            last_at: when the last update ended, or the learner was first started.
            now: the time.
            has_drifted: since the last update.
            is_asked: a person wants it; even so, something must be fresh.
        """
        if is_asked and n_fresh:
            return WakeReason.ASKED
        if n_fresh < self.min_corrections:
            return None
        if n_fresh >= self.n_corrections:
            return WakeReason.CORRECTIONS
        if has_drifted:
            return WakeReason.DRIFT
        return WakeReason.TIME if now - last_at >= timedelta(seconds=self.max_wait_s) else None
