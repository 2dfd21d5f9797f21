"""The part of a replay on which rules act: candidates through surges, into alerts."""

from __future__ import annotations

from collections.abc import Iterator

from models.topics.watchlist import Watchlist
from pipeline import wiring
from pipeline.candidates import Candidate, RulesRecord, RulesTaken
from pipeline.metrics import Metrics
from pipeline.records import AlertRecord, Origin
from pipeline.replay.counting import NewStates, in_memory
from pipeline.settings import Settings
from pipeline.stage import Outbound


class Judging:
    """Feeds candidates through surges.

    Args:
        settings: name the rules that hold until others are told.
        watchlist: the topics.
        metrics: is told what the stage counts.
        states: where state is kept.

    >>> from datetime import UTC, datetime
    >>> from prometheus_client import CollectorRegistry
    >>> from pipeline.candidates import TickMark
    >>> judging = Judging(Settings(), Watchlist(()), Metrics(CollectorRegistry()))
    >>> list(judging.feed(TickMark(partition=0, at=datetime(2026, 1, 2, 12, tzinfo=UTC), n_partitions=1)))
    []
    """

    def __init__(
        self, settings: Settings, watchlist: Watchlist, metrics: Metrics, states: NewStates = in_memory
    ) -> None:
        self._stage = wiring.surges_stage(settings, watchlist, states("surges"), metrics)

    def feed(self, candidate: Candidate) -> Iterator[AlertRecord]:
        """Yield the alerts that a candidate causes; what is said of rules, whoever replays has told."""
        for outbound in self._stage.step(candidate, Origin(0, -1)):
            if isinstance(outbound.record, AlertRecord):
                yield outbound.record

    def change_rules(self, taken: RulesTaken) -> None:
        """Have a rule book hold as it did when it was taken; call this before anything is fed."""
        self._stage.change_rules(taken.text, taken.after)

    def take_rules(self, record: RulesRecord) -> list[Outbound]:
        """Have a rule book hold from the first tick that is not closed, and return what is to be said of that."""
        return self._stage.step(record, Origin(0, -1))
