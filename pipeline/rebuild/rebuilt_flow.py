"""The stages over decisions, as in a replay, with the state that they end with; knows no Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from models.topics.watchlist import Watchlist
from pipeline.candidates import RulesRecord, RulesTaken
from pipeline.metrics import Metrics
from pipeline.rebuild.open_alerts import OpenAlerts
from pipeline.rebuild.states import RebuiltStates
from pipeline.records import AlertRecord, DecisionOrTick
from pipeline.replay.flow import Replay, Result
from pipeline.settings import Settings
from pipeline.stage import Outbound, States


class RebuiltFlow:
    """Feeds history, then decisions, through the stages.

    >>> from prometheus_client import CollectorRegistry
    >>> flow = RebuiltFlow(Settings(partitions=4), Watchlist(()), Metrics(CollectorRegistry()))
    >>> sorted(flow.states)
    ['link', 'surges', 'trends']

    Attributes:
        states: by role, what it keeps.
        alerts: what is open.
        past: of these, what was open when history ended.
    """

    def __init__(self, settings: Settings, watchlist: Watchlist, metrics: Metrics) -> None:
        self.states: dict[str, RebuiltStates[Any]] = {}
        self.alerts = OpenAlerts()
        self.past: tuple[AlertRecord, ...] = ()
        self._replay = Replay(settings, watchlist, metrics, self._new_states)

    def change_rules(self, taken: RulesTaken) -> None:
        """Have a rule book hold as it did when it was taken; call this before anything is fed."""
        self._replay.change_rules(taken)

    def take_rules(self, record: RulesRecord) -> list[Outbound]:
        """Have a rule book hold from the first tick that is not closed, and return what is to be said of that."""
        return self._replay.take_rules(record)

    def feed(self, record: DecisionOrTick, partition: int) -> Iterator[Result]:
        """Yield what a record of this source partition causes."""
        for result in self._replay.feed(record, partition):
            if isinstance(result, AlertRecord):
                self.alerts.update(result)
            yield result

    def end_history(self) -> None:
        """Say that what comes now was decided live."""
        self.past = self.alerts.get()

    def _new_states(self, role: str) -> States[Any]:
        self.states[role] = RebuiltStates()
        return self.states[role]
