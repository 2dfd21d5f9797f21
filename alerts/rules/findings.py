"""What is odd about a rule book beside a watchlist: names it does not have, and rules that change nothing.

A rule book that holds it is no less usable.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping, Sequence

from alerts.rules.book import PartialRule, RuleBook
from alerts.rules.values import guess

DISCOVERED = "~"
"""Begins the ids of topics that no watchlist has: names that were found in texts."""


def findings(book: RuleBook, families: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return a line for each thing that is odd.

    Args:
        book: the rules.
        families: each topic of the watchlist with its ancestors, the nearest first.

    >>> findings(RuleBook(), {"jpmorgan": ["banks"], "banks": []})
    ()
    """
    return (*strangers(book, families), *idle_absolutes(book, families))


def strangers(book: RuleBook, known_ids: Collection[str]) -> tuple[str, ...]:
    """Return a line for each topic that the rules name and nobody knows, with the nearest known one.

    >>> from alerts.rules.parse import parse_rules
    >>> strangers(parse_rules("topics: {tessla: {false_alarms: 2}}"), {"tesla", "ford"})
    ("topics: 'tessla' is no topic of the watchlist; did you mean tesla?",)
    """
    known = frozenset(known_ids)
    named = [(f"groups.{group.name}.topics", topic) for group in book.groups for topic in group.topics]
    named += [("topics", topic) for topic in book.topics]
    return tuple(
        f"{path}: {topic!r:.70} is no topic of the watchlist"
        + (guess(topic, known) or "; add it there, or leave it out")
        for path, topic in named
        if topic not in known and not topic.startswith(DISCOVERED)
    )


def idle_absolutes(book: RuleBook, families: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return a line for each absolute rule that can never fire, as it holds for no topic that is on.

    Args:
        book: the rules.
        families: each topic of the watchlist with its ancestors, the nearest first.

    >>> from alerts.rules.parse import parse_rules
    >>> book = parse_rules("topics: {ford: {is_on: false, absolutes: [{name: sour, polarity_below: -0.4}]}}")
    >>> idle_absolutes(book, {"ford": ()})
    ("topics.ford.absolutes: 'sour' can never fire: each topic that it is for is off, or has `absolutes` of its own",)
    """
    heard = set()
    for topic, ancestors in families.items():
        if book.rule_of(topic, ancestors).is_on:
            heard |= {field.origin.path for field in book.explained(topic, ancestors) if field.name == "absolutes"}
    return tuple(
        f"{path}.absolutes: {rule.name!r:.60} can never fire: each topic that it is for is off, "
        "or has `absolutes` of its own"
        for path, part in _parts(book, families)
        if path not in heard
        for rule in part.rule.absolutes
    )


def _parts(book: RuleBook, known: Container[str]) -> Iterator[tuple[str, PartialRule]]:
    """Yield the parts that are for known topics only."""
    yield "default", book.default
    yield from (
        (f"groups.{group.name}", group.part)
        for group in book.groups
        if not any(topic.startswith(DISCOVERED) for topic in group.topics)
    )
    yield from ((f"topics.{topic}", part) for topic, part in book.topics.items() if topic in known)
