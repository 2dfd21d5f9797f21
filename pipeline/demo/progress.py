"""How far a demo is: one snapshot, which every view shows in its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from pipeline.demo.gauges import RoleGauges
from pipeline.demo.loop.facts import LoopFacts, LoopStage
from pipeline.demo.tally import SeenAlert, TopicRow
from pipeline.roles.faust_app import Role


class Phase(Enum):
    """What the demo is doing; the value is what people read."""

    STARTING = "the worker starts"
    HISTORY = "history is read, so that there is a baseline"
    LIVE = "live feed, faster than the clock"
    ORDINARY = "ordinary news at the clock's own pace, Ctrl-C ends"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is shown.

    >>> Progress(phase=Phase.HISTORY, elapsed_s=9.0, n_sent=100).n_read
    0
    """

    phase: Phase
    elapsed_s: float
    n_sent: int
    event_at: datetime | None = None  # end of the newest window
    documents_per_s: float = 0.0  # lately
    speed: float = 1.0  # seconds of news in one of the clock
    gauges: Mapping[Role, RoleGauges] = field(default_factory=dict)
    rows: Sequence[TopicRow] = ()
    alerts: Sequence[SeenAlert] = ()
    n_windows: int = 0
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    loop: LoopFacts = field(default_factory=lambda: LoopFacts(n_wanted=0))

    @property
    def doing(self) -> str:
        """What is going on, for people; the loop's part of it while there is one."""
        is_between = self.loop.stage in (LoopStage.WAITING, LoopStage.OVER)
        return self.phase.value if is_between else self.loop.stage.value

    @property
    def n_read(self) -> int:
        """Documents that `read` is done with."""
        return self.gauges[Role.READ].n_read if Role.READ in self.gauges else 0

    def lag(self, role: Role) -> str:
        """Return the records that wait for a role, for people."""
        told = self.gauges.get(role)
        return "–" if told is None or told.lag is None else f"{told.lag:,}"
