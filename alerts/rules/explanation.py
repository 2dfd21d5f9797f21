"""What holds for one topic: each field, where it is from and what it means, and when it is quiet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.rules.book import Origin, RuleBook
from alerts.rules.meaning import meanings
from alerts.rules.quiet import next_quiet, quiet_until
from alerts.rules.reading import key_of
from alerts.rules.rule import Rule
from alerts.rules.written import Plain, written


@dataclass(frozen=True, slots=True)
class ExplainedField:
    """A field as a rule file has it.

    >>> from alerts.rules.book import OriginKind
    >>> ExplainedField("hold", "6h", Origin(OriginKind.BUILT_IN), "closes after 6h").to_dict()["from"]
    'built in'
    """

    key: str
    value: Plain
    origin: Origin
    meaning: str

    def to_dict(self) -> dict[str, Plain]:
        """Return it for JSON."""
        return {"field": self.key, "value": self.value, "from": str(self.origin), "meaning": self.meaning}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What holds for a topic.

    >>> explained = Explanation.of(RuleBook(), "tesla", ["autos"], datetime.fromisoformat("2026-01-01T12:00:00Z"))
    >>> [field.value for field in explained.fields][:3], explained.next_quiet
    ([True, 1, 4], None)
    """

    rule: Rule
    fields: tuple[ExplainedField, ...]
    quiet_until: datetime | None  # None: not quiet now
    next_quiet: tuple[datetime, datetime] | None  # begin and end

    @classmethod
    def of(cls, book: RuleBook, topic_id: str, ancestors: Sequence[str], now: datetime) -> Explanation:
        """Return what holds for a topic.

        Args:
            book: all rules.
            topic_id: whose.
            ancestors: what the topic rolls up to, the nearest first.
            now: from when on the next quiet hours are looked for.
        """
        rule = book.rule_of(topic_id, ancestors)
        sentences = meanings(rule)
        fields = tuple(
            ExplainedField(key_of(each.name), written(each.name, each.value), each.origin, sentences[each.name])
            for each in book.explained(topic_id, ancestors)
        )
        return cls(rule, fields, quiet_until(rule.quiet, now, is_critical=False), next_quiet(rule.quiet, now))
