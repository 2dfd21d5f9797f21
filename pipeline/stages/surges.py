"""Surges: owns the episodes of all topics; turns evidence and rules into transitions on `alerts`.

A tick is closed once all partitions of `mentions` have told its evidence, so that topics can be compared.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alerts.episodes.absolutes import AbsoluteEpisodes
from alerts.episodes.episodes import EpisodeTracker
from alerts.episodes.fleet import Change, Family, Fleet
from alerts.episodes.held import HeldChanges
from alerts.rules.absolute import AbsoluteRule
from alerts.rules.book import RuleBook
from alerts.rules.books import RuleBooks
from alerts.rules.parse import RulesInvalid
from alerts.rules.rule import Rule
from alerts.surges.evidence import Evidence, Pulse
from alerts.ticks import tick_end, tick_of
from alerts.watermarks import MarkLedger
from pipeline.candidates import Candidate, EvidenceRecord, RulesRecord, RulesTaken, TickMark
from pipeline.metrics import Metrics
from pipeline.records import Origin
from pipeline.stage import Outbound, States, partition_of
from pipeline.stages.alert import AlertWriter
from pipeline.stages.surges_state import SurgesState, held

log = logging.getLogger(__name__)


@dataclass
class _Waiting:
    """What waits for ticks, derived from state."""

    by_tick: dict[datetime, dict[str, Evidence | Pulse]] = field(default_factory=dict)  # end of tick, then key
    quiet_until: dict[str, datetime] = field(default_factory=dict)  # topics with something held back
    absolute: dict[str, datetime] = field(default_factory=dict)  # keys of episodes that change without a story


class SurgesStage:
    """Turns candidates into alerts, one per change of an episode."""

    def __init__(
        self,
        states: States[SurgesState],
        metrics: Metrics,
        *,
        partitions: int,
        bin_s: int,
        family: Family,
        book: RuleBook,
        writer: AlertWriter,
    ) -> None:
        self._states = states
        self._metrics = metrics
        self._partitions = partitions
        self._bin_s = bin_s
        self._family = family
        self._book = book
        self._writer = writer
        self._fleet = Fleet(_Trackers(states), family, lambda at: self._books.at(at))
        self._waiting: _Waiting | None = None

    def reset(self) -> None:
        """Forget what waits; the next record finds it again."""
        self._waiting = None
        self._metrics.forget_watermarks()

    def step(self, record: Candidate, origin: Origin) -> list[Outbound]:  # noqa: ARG002
        """Keep evidence until its tick closes, or close the ticks that a mark lets close."""
        if isinstance(record, EvidenceRecord):
            return self._keep(f"+{record.topic}/{record.at.timestamp():.0f}", record.evidence)
        if isinstance(record, RulesRecord):
            return self._take_rules(record)
        return self._mark(record)

    def _keep(self, key: str, told: Evidence | Pulse) -> list[Outbound]:
        least = self._ledger.least(self._partitions)
        if least is None or told.at > least:  # else it was applied, and is told again
            self._found.by_tick.setdefault(told.at, {})[key] = told
            self._states.put(key, 0, told)
        return []

    def change_rules(self, text: str, after: datetime | None) -> None:
        """Have a rule book hold for the ticks that end after `after`."""
        books = self._books
        books.change(text, after)
        self._states.put("=rules", 0, books)

    def _take_rules(self, record: RulesRecord) -> list[Outbound]:
        least = self._ledger.least(self._partitions)
        try:
            self.change_rules(record.text, least)
        except RulesInvalid as reason:  # nobody checked them before they were sent
            self._metrics.count_rules("refused")
            log.error("the rules that %s sent are refused, those before them hold: %s", record.by, reason)
            return []
        self._metrics.count_rules("taken")
        taken = RulesTaken(version=record.version, text=record.text, by=record.by, at=record.at, after=least)
        return [Outbound("config", f"rules/{record.id}".encode(), taken, 0)]

    def _mark(self, mark: TickMark) -> list[Outbound]:
        ledger = self._ledger
        before = ledger.least(mark.n_partitions)
        if not ledger.is_ahead(mark.partition, mark.at):
            return []
        for pulse in mark.pulses:
            if _absolutes(self._rule(pulse.topic, pulse.at)):
                self._keep(f"+{pulse.topic}/{pulse.at.timestamp():.0f}/p", pulse)
        ledger.update(mark.partition, mark.at)
        self._states.put("#", 0, ledger)
        least = ledger.least(mark.n_partitions)
        if least is None or least == before:
            return []
        self._metrics.set_watermark(0, least)
        return [outbound for at in self._due(least) for outbound in self._close(at)]

    def _due(self, until: datetime) -> Iterator[datetime]:
        """Yield the ends of the ticks up to `until` in which something is to be done, earliest first."""
        while True:
            waiting = self._found
            ends = [*waiting.by_tick, *map(self._tick_end, waiting.quiet_until.values()), *waiting.absolute.values()]
            at = min(ends, default=None)
            if at is None or at > until:
                return
            yield at

    def _close(self, at: datetime) -> list[Outbound]:
        told = self._found.by_tick.get(at, {})
        evidence = [each for _, each in sorted(told.items()) if isinstance(each, Evidence)]
        changes = self._fleet.close(at, evidence)
        changes += self._absolutes(at, {each.topic: each for each in told.values() if isinstance(each, Pulse)})
        written = [ready for change in changes for ready in self._unless_quiet(change)]
        written += self._released(at)
        for key in told:
            self._states.drop(key, 0)
        self._found.by_tick.pop(at, None)
        return [self._alert(change) for change in written]

    def _absolutes(self, at: datetime, pulses: Mapping[str, Pulse]) -> list[Change]:
        """Return what absolute rules make of a tick: of topics with stories, and of those that change without."""
        due = {key.split("/", 1)[1] for key, when in self._found.absolute.items() if when <= at}
        changes = []
        for topic in sorted({*pulses, *due}):
            rule, version = self._rule(topic, at), self._books.at(at).version
            pulse = pulses.get(topic) or Pulse(topic, at, 0, 0, 0.0)
            for absolute in _absolutes(rule):
                key = f"!{absolute.name}/{topic}"
                episodes = held(self._states, key, AbsoluteEpisodes) or AbsoluteEpisodes(topic, absolute, self._bin_s)
                episodes.use(absolute)
                transition = episodes.update(pulse)
                self._states.put(key, 0, episodes)
                self._await(key, episodes)
                changes += [] if transition is None else [Change(transition, rule.routes, version)]
            names = {f"!{absolute.name}/{topic}" for absolute in _absolutes(rule)}
            for key in [key for key in self._found.absolute if key.endswith(f"/{topic}") and key not in names]:
                del self._found.absolute[key]  # of a rule that is no more
        return changes

    def _unless_quiet(self, change: Change) -> list[Change]:
        topic = change.transition.topic
        rule = self._rule(topic, change.transition.at)
        before = held(self._states, f"~{topic}", HeldChanges)
        if before is None and not rule.quiet:
            return [change]
        changes = before or HeldChanges()
        ready = changes.take(change, rule.quiet)
        self._hold(topic, changes)
        return ready

    def _released(self, at: datetime) -> list[Change]:
        ready = []
        for topic in sorted(topic for topic, until in self._found.quiet_until.items() if until <= at):
            changes = held(self._states, f"~{topic}", HeldChanges) or HeldChanges()
            ready += changes.release(at)
            self._hold(topic, changes)
        return ready

    def _hold(self, topic: str, changes: HeldChanges) -> None:
        if changes.until is None:
            self._found.quiet_until.pop(topic, None)
            self._states.drop(f"~{topic}", 0)
        else:
            self._found.quiet_until[topic] = changes.until
            self._states.put(f"~{topic}", 0, changes)

    def _alert(self, change: Change) -> Outbound:
        transition = change.transition
        self._metrics.count_alert(transition.kind.value)
        partition = partition_of(transition.topic, self._partitions)
        return Outbound("alerts", transition.topic.encode(), self._writer.alert(change), partition)

    def _rule(self, topic: str, at: datetime) -> Rule:
        return self._books.at(at).rule_of(topic, self._family.ancestors(topic))

    @property
    def _ledger(self) -> MarkLedger:
        return held(self._states, "#", MarkLedger) or MarkLedger()

    @property
    def _books(self) -> RuleBooks:
        return held(self._states, "=rules", RuleBooks) or RuleBooks(self._book)

    @property
    def _found(self) -> _Waiting:
        if self._waiting is None:
            self._waiting = _Waiting()
            for key, state in list(self._states.items()):
                if isinstance(state, Evidence | Pulse):
                    self._waiting.by_tick.setdefault(state.at, {})[key] = state
                elif isinstance(state, HeldChanges) and state.until is not None:
                    self._waiting.quiet_until[key[1:]] = state.until
                elif isinstance(state, AbsoluteEpisodes):
                    self._await(key, state)
        return self._waiting

    def _await(self, key: str, episodes: AbsoluteEpisodes) -> None:
        tick = episodes.next_tick()
        if tick is None:
            self._found.absolute.pop(key, None)
        else:
            self._found.absolute[key] = tick_end(tick, self._bin_s)

    def _tick_end(self, at: datetime) -> datetime:
        """Return the first end of a tick at or after `at`."""
        end = tick_end(tick_of(at, self._bin_s), self._bin_s)
        return at if (end - at).total_seconds() == self._bin_s else end


def _absolutes(rule: Rule) -> tuple[AbsoluteRule, ...]:
    return rule.absolutes if rule.is_on else ()


class _Trackers:
    """The stage's states as the fleet wants them."""

    def __init__(self, states: States[SurgesState]) -> None:
        self._states = states

    def get(self, topic: str) -> EpisodeTracker | None:
        """Return a topic's episodes, if it ever had evidence."""
        return held(self._states, topic, EpisodeTracker)

    def put(self, topic: str, tracker: EpisodeTracker) -> None:
        """Keep them."""
        self._states.put(topic, 0, tracker)
