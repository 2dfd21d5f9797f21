"""The fleet: all topics' episodes, moved on tick by tick, parents before their children.

What a tick leads to is a function of its evidence and of the episodes before it, whatever order evidence came in.
Keeps nothing itself: episodes are the caller's to store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec

from alerts.episodes.episodes import EpisodeTracker, Transition
from alerts.episodes.family import Ancestor, FamilyConfig, as_parent, standing_of
from alerts.episodes.judgement import judged
from alerts.rules.book import RuleBook
from alerts.rules.rule import Rule
from alerts.surges.evidence import Evidence
from alerts.surges.surge_config import SurgeConfig

MAX_AFFECTED = 10
"""Children that a parent's alert names; it says how many there are beyond."""


class Trackers(Protocol):
    """Episodes by topic."""

    def get(self, topic: str) -> EpisodeTracker | None:
        """Return a topic's episodes, if it ever had evidence."""

    def put(self, topic: str, tracker: EpisodeTracker) -> None:
        """Keep them."""


@dataclass(frozen=True)
class Family:
    """Which topic rolls up to which.

    >>> family = Family({"ubs": ("banks", "financials"), "banks": ("financials",)})
    >>> family.children("banks"), family.ancestors("tesla")
    (('ubs',), ())
    """

    ancestors_by_topic: Mapping[str, tuple[str, ...]]  # the nearest first
    _children: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        children: dict[str, list[str]] = {}
        for topic, ancestors in self.ancestors_by_topic.items():
            if ancestors:
                children.setdefault(ancestors[0], []).append(topic)
        object.__setattr__(self, "_children", {topic: tuple(sorted(of)) for topic, of in children.items()})

    def ancestors(self, topic: str) -> tuple[str, ...]:
        """Return what a topic rolls up to, the nearest first."""
        return self.ancestors_by_topic.get(topic, ())

    def children(self, topic: str) -> tuple[str, ...]:
        """Return the topics whose parent this one is."""
        return self._children.get(topic, ())


class Affected(msgspec.Struct, frozen=True):
    """A child that is raised together with its parent."""

    topic: str
    n_negative: int
    expected: float


class Change(msgspec.Struct, frozen=True):
    """A transition, where it goes, and which children the surge reaches."""

    transition: Transition
    routes: tuple[str, ...] = ()  # names of receivers; none: all
    rules_version: str = ""
    affected: tuple[Affected, ...] = ()  # those with most negative stories beyond what is usual
    n_affected: int = 0


class Fleet:
    """Moves the episodes of all topics on.

    Args:
        trackers: the episodes.
        family: which topic rolls up to which.
        book: the rule book that holds at a time.
        surge: thresholds that no rule changes.
        config: of families.

    >>> from alerts.surges.evidence import SurgeReason
    >>> class Kept(dict):
    ...     put = dict.__setitem__
    >>> noon = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> evidence = Evidence(topic="FTX", at=noon, reason=SurgeReason.SURGE, is_over=True, is_raised=True,
    ...     return_period_s=9e6, n_negative=7, n_stories=9, expected=0.2, expected_low=0, expected_high=1,
    ...     negative_share=0.78, usual_share=0.25, p_volume=1e-9, p_share=1e-4, onset_at=noon, n_sources=3,
    ...     baseline_age_s=864000.0)
    >>> fleet = Fleet(Kept(), Family({}), lambda at: RuleBook())
    >>> [change.transition.id for change in fleet.close(noon, [evidence])]
    ['FTX/1/1']
    """

    def __init__(
        self,
        trackers: Trackers,
        family: Family,
        book: Callable[[datetime], RuleBook],
        surge: SurgeConfig | None = None,
        config: FamilyConfig | None = None,
    ) -> None:
        self._trackers = trackers
        self._family = family
        self._book = book
        self._surge = surge or SurgeConfig()
        self._config = config or FamilyConfig()

    def close(self, at: datetime, told: Sequence[Evidence]) -> list[Change]:
        """Return what the evidence of a tick changes.

        Args:
            at: the end of the tick.
            told: all evidence of it, of each topic once.
        """
        book = self._book(at)
        rules = {each.topic: book.rule_of(each.topic, self._family.ancestors(each.topic)) for each in told}
        evidence = {each.topic: judged(each, rules[each.topic], self._surge) for each in told}
        changes = []
        for topic in sorted(evidence, key=lambda topic: (len(self._family.ancestors(topic)), topic)):
            transition = self._move_on(topic, rules[topic], evidence)
            if transition is not None:
                affected = self._affected(topic, evidence)
                changes.append(
                    Change(transition, rules[topic].routes, book.version, affected[:MAX_AFFECTED], len(affected))
                )
        return changes

    def _move_on(self, topic: str, rule: Rule, evidence: Mapping[str, Evidence]) -> Transition | None:
        children = [evidence[child] for child in self._family.children(topic) if child in evidence]
        n_children, below = len(self._family.children(topic)), list(self._below(topic, evidence))
        own = as_parent(evidence[topic], children, n_children, self._config, below=below)
        standing = standing_of(own, self._ancestors(topic, evidence), self._config)
        tracker = self._trackers.get(topic) or EpisodeTracker(topic, rule)
        tracker.rule = rule
        transition = tracker.update(own, standing, self._config.gather_s).transition
        self._trackers.put(topic, tracker)
        return transition

    def _ancestors(self, topic: str, evidence: Mapping[str, Evidence]) -> Iterator[Ancestor]:
        at, below = evidence[topic].at, topic
        for name in self._family.ancestors(topic):
            siblings = [child for child in self._family.children(name) if child != below]
            n_raised = sum(child in evidence and evidence[child].is_raised for child in siblings)
            yield Ancestor(evidence.get(name), self._was_open(name, at), n_raised, len(siblings) + 1)
            below = name

    def _below(self, topic: str, evidence: Mapping[str, Evidence]) -> Iterator[Evidence]:
        """Yield the evidence of raised topics further below, under children that are not raised."""
        for child in self._family.children(topic):
            if child in evidence and evidence[child].is_raised:
                continue
            for grandchild in self._family.children(child):
                if grandchild in evidence and evidence[grandchild].is_raised:
                    yield evidence[grandchild]
            yield from self._below(child, evidence)

    def _affected(self, topic: str, evidence: Mapping[str, Evidence]) -> tuple[Affected, ...]:
        children = [evidence[child] for child in self._family.children(topic) if child in evidence]
        raised = sorted(
            (child for child in children if child.is_raised),
            key=lambda child: (child.expected - child.n_negative, child.topic),
        )
        return tuple(Affected(child.topic, child.n_negative, child.expected) for child in raised)

    def _was_open(self, topic: str, at: datetime) -> bool:
        tracker = self._trackers.get(topic)
        return tracker is not None and tracker.was_open(at)
