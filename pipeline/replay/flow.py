"""Replay: the stages of link, trends and surges over decisions, without a broker; no clock is read.

The same stages as under Faust, so the same decisions give the same trends and alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from models.topics.watchlist import Watchlist
from pipeline.candidates import EvidenceRecord, RulesRecord, RulesTaken, TickMark
from pipeline.metrics import Metrics
from pipeline.records import AlertRecord, DecisionOrTick, Mention, TrendRecord
from pipeline.replay.counting import Counted, Counting, NewStates, in_memory
from pipeline.replay.judging import Judging
from pipeline.settings import Settings
from pipeline.stage import Outbound

Result = TrendRecord | AlertRecord | Mention
"""What leaves the last stage: windows, alerts, and mentions that came too late."""


class Replay:
    """Feeds decisions through the stages.

    Args:
        settings: `partitions` is the number of source partitions that the decisions come from.
        watchlist: the topics.
        metrics: is told what the stages count.
        states: where state is kept; by default it is gone with the replay.
    """

    def __init__(
        self, settings: Settings, watchlist: Watchlist, metrics: Metrics, states: NewStates = in_memory
    ) -> None:
        self._counting = Counting(settings, watchlist, metrics, states)
        self._judging = Judging(settings, watchlist, metrics, states)

    def feed(self, record: DecisionOrTick, partition: int) -> Iterator[Result]:
        """Yield what a record of `decisions` in this source partition causes."""
        yield from self._judged(self._counting.feed(record, partition))

    def change_rules(self, taken: RulesTaken) -> None:
        """Have a rule book hold as it did when it was taken; call this before anything is fed."""
        self._judging.change_rules(taken)

    def take_rules(self, record: RulesRecord) -> list[Outbound]:
        """Have a rule book hold from the first tick that is not closed, and return what is to be said of that."""
        return self._judging.take_rules(record)

    def close(self) -> Iterator[Result]:
        """Yield what becomes final when time goes on until every window is closed."""
        yield from self._judged(self._counting.close())

    def _judged(self, counted: Iterable[Counted]) -> Iterator[Result]:
        for record in counted:
            if isinstance(record, EvidenceRecord | TickMark):
                yield from self._judging.feed(record)
            else:
                yield record
