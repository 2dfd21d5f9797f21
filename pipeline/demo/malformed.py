"""Records as broken producers send them: each must end in the dead letters, by its own reason."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

_VALUES = (
    b'{"schema":1,"id":"broken-1","kind":"news","source":"hub","text":"cut in the mid',
    b'{"schema":1,"id":"broken-2","kind":"news","source":"hub","published_at":"2020-01-01T00:00:00Z"}',
    b'{"schema":1,"id":"broken-3","kind":"blog","source":"hub","published_at":"2020-01-01T00:00:00Z","text":"t"}',
    b'{"schema":1,"id":"broken-4","kind":"news","source":"hub","published_at":"yesterday","text":"t"}',
    b'{"schema":1,"id":"broken-5","kind":"social","source":"hub","published_at":"2020-01-01T00:00:00Z","text":" "}',
    b'{"schema":1,"id":6,"kind":"social","source":"hub","published_at":"2020-01-01T00:00:00Z","text":"t"}',
    b"\xff\xfe not json, not even text",
)


def malformed_values() -> Iterator[bytes]:
    """Yield broken records, one kind after the other, without end.

    >>> next(malformed_values())[-10:]
    b'in the mid'
    """
    return itertools.cycle(_VALUES)
