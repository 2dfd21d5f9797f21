"""Rule books over time: which one holds at a tick.

A change holds from the first tick that was not closed when it came, so that a replay which is told that tick
repeats what was done.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from alerts.rules.book import RuleBook
from alerts.rules.parse import parse_rules


class BookChange(msgspec.Struct, frozen=True, array_like=True):
    """A rule book, as it is written, and the end of the last tick that it does not hold for."""

    text: str
    after: datetime | None = None  # None: it holds for all


class RuleBooks:
    """The rule book that holds at each tick.

    >>> noon = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    >>> books = RuleBooks(RuleBook())
    >>> books.change("default: {false_alarms: 2}", after=noon)
    >>> books.at(noon).rule_of("ftx", ()).false_alarms
    1.0
    """

    def __init__(self, first: RuleBook, changes: tuple[BookChange, ...] = ()) -> None:
        self._first = first
        self._changes = changes
        self._books = {change.text: parse_rules(change.text) for change in changes}

    def at(self, at: datetime) -> RuleBook:
        """Return the book that holds for the tick that ends at `at`."""
        for change in reversed(self._changes):
            if change.after is None or at > change.after:
                return self._books[change.text]
        return self._first

    def change(self, text: str, after: datetime | None) -> None:
        """Have another book hold; all are kept, as a replay is told them before its first tick.

        Raises:
            RulesInvalid: it is none.
        """
        self._books[text] = parse_rules(text)
        self._changes = (*self._changes, BookChange(text, after))

    def snapshot(self) -> bytes:
        """Return the changes."""
        return msgspec.msgpack.encode(self._changes)

    @classmethod
    def restore(cls, first: RuleBook, snapshot: bytes) -> RuleBooks:
        """Return the books that `snapshot` holds."""
        return cls(first, msgspec.msgpack.decode(snapshot, type=tuple[BookChange, ...]))
