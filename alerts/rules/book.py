"""The rule book: rules by default, by group and by topic, and which of them holds for a topic, and why."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from alerts.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class PartialRule:
    """A rule that says only some fields; of the others nothing is meant.

    >>> PartialRule(Rule(false_alarms=2), ("false_alarms",)).values()
    {'false_alarms': 2}
    """

    rule: Rule = field(default_factory=Rule)
    said: tuple[str, ...] = ()

    def values(self) -> dict[str, Any]:
        """Return what is said, by field."""
        return {name: getattr(self.rule, name) for name in self.said}


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """A partial rule for some topics and all below them.

    >>> RuleGroup("banks", ("financials",)).member_of("jpmorgan", ("financials",))
    'financials'
    """

    name: str
    topics: tuple[str, ...]
    part: PartialRule = field(default_factory=PartialRule)

    def member_of(self, topic_id: str, ancestors: Sequence[str]) -> str | None:
        """Return the topic, or its nearest ancestor, that makes a topic belong to the group, or None."""
        return next((name for name in (topic_id, *ancestors) if name in self.topics), None)


class OriginKind(StrEnum):
    """Which part of a rule book a value is from."""

    BUILT_IN = "built_in"
    DEFAULT = "default"
    GROUP = "group"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value is from.

    >>> origin = Origin(OriginKind.GROUP, "banks", "financials")
    >>> str(origin), origin.path
    ('group banks, through financials', 'groups.banks')
    """

    kind: OriginKind
    name: str = ""  # of the group or the topic
    ancestor: str = ""  # through which the topic belongs to the group

    def __str__(self) -> str:
        words = f"{self.kind.value.replace('_', ' ')} {self.name}".strip()
        return f"{words}, through {self.ancestor}" if self.ancestor else words

    @property
    def path(self) -> str:
        """Return where in the rule file that is, or nothing if it is built in."""
        if self.kind is OriginKind.BUILT_IN:
            return ""
        return f"{self.kind.value}s.{self.name}" if self.name else self.kind.value


@dataclass(frozen=True, slots=True)
class Explained:
    """A field of a topic's rule, its value, and where that is from.

    >>> found = RuleBook().explained("acme", ())[1]
    >>> found.name, found.value, str(found.origin)
    ('false_alarms', 1.0, 'built in')
    """

    name: str
    value: object
    origin: Origin


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules, with a version made of their content; an empty one leaves what is built in.

    >>> half = PartialRule(Rule(false_alarms=0.5), ("false_alarms",))
    >>> book = RuleBook(groups=(RuleGroup("banks", ("financials",), half),))
    >>> book.rule_of("jpmorgan", ["financials"]).false_alarms, book.rule_of("tesla", ["autos"]).false_alarms
    (0.5, 1.0)
    """

    default: PartialRule = field(default_factory=PartialRule)
    groups: tuple[RuleGroup, ...] = ()  # later ones outdo earlier ones
    topics: Mapping[str, PartialRule] = field(default_factory=dict)
    version: str = field(init=False)  # hex digest: equal rules, groups in equal order, give equal versions
    _merged: dict[tuple[str, ...], Rule] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        content: list[object] = [_said(self.default)]
        content += [[group.name, group.topics, _said(group.part)] for group in self.groups]
        content += [[name, _said(self.topics[name])] for name in sorted(self.topics)]
        digest = hashlib.sha256(json.dumps(content, ensure_ascii=True, default=str).encode())
        object.__setattr__(self, "version", digest.hexdigest()[:16])

    def rule_of(self, topic_id: str, ancestors: Sequence[str]) -> Rule:
        """Return the rule of a topic: field by field the topic's own, else its last group's, else the default.

        Args:
            topic_id: whose rule.
            ancestors: what the topic rolls up to, the nearest first.
        """
        values: dict[str, Any] = {}
        for part, _ in self._parts(topic_id, ancestors):
            values |= part.values()
        return Rule(**values)

    def explained(self, topic_id: str, ancestors: Sequence[str]) -> tuple[Explained, ...]:
        """Return each field of a topic's rule, its value, and where that is from."""
        rule = self.rule_of(topic_id, ancestors)
        origins = {each.name: Origin(OriginKind.BUILT_IN) for each in dataclasses.fields(Rule)}
        for part, origin in self._parts(topic_id, ancestors):
            origins |= dict.fromkeys(part.said, origin)
        return tuple(Explained(name, getattr(rule, name), origin) for name, origin in origins.items())

    def _parts(self, topic_id: str, ancestors: Sequence[str]) -> Iterator[tuple[PartialRule, Origin]]:
        yield self.default, Origin(OriginKind.DEFAULT)
        for group in self.groups:
            member = group.member_of(topic_id, ancestors)
            if member is not None:
                yield group.part, Origin(OriginKind.GROUP, group.name, "" if member == topic_id else member)
        if topic_id in self.topics:
            yield self.topics[topic_id], Origin(OriginKind.TOPIC, topic_id)


def _said(part: PartialRule) -> dict[str, object]:
    """Return what a part says, as JSON can write it."""
    values = dataclasses.asdict(part.rule)
    return {name: values[name] for name in sorted(part.said)}
