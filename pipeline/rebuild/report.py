"""What a rebuild tells of itself, while it runs and at its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


class Steps(Protocol):
    """Is told how far a rebuild has come."""

    def begin(self, name: str, total: int) -> None:
        """Begin a step of so many records."""

    def advance(self) -> None:
        """Count a record of it."""


@dataclass
class RebuildReport:
    """What a rebuild went through and made.

    >>> RebuildReport(n_windows=3).told
    []
    """

    n_history: int = 0  # decisions
    n_decisions: int = 0
    n_windows: int = 0
    n_late: int = 0
    n_opened: int = 0
    n_states: int = 0  # keys in changelogs
    told: list[str] = field(default_factory=list)  # ids of alerts
