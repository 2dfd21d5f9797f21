"""Known events to compare alerts with, read from YAML or JSON lines.

Knows the watchlist, so that a topic can be called by any of its names; knows nothing of alerts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from alerts.rules.plain_yaml import NotYaml, read_yaml
from alerts.rules.values import duration, guess, shown, text
from models.topics.watchlist import Watchlist
from pipeline.errors import CommandFailed

_ALSO_CALLED = {"date": "at", "event": "name"}
_FIELDS = ("topic", "at", "name", "before", "after")
_PASSED_OVER = ("stream", "regex")  # of lists that say how to find an event's texts; the watchlist says that here
_NEAR_S = 12 * 3_600
_A_DAY = timedelta(days=1)
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEvent:
    """Something bad that happened to a topic, at a time or on a day.

    >>> event = KnownEvent(topic="ftx", name="Chapter 11", at=datetime(2022, 11, 11, tzinfo=UTC), is_day=True)
    >>> event.begins_at.isoformat(), event.ends_at.isoformat()
    ('2022-11-10T12:00:00+00:00', '2022-11-12T12:00:00+00:00')
    """

    topic: str
    name: str
    at: datetime  # of a day, its beginning in UTC
    is_day: bool  # only the day is known
    before_s: int = _NEAR_S
    after_s: int = _NEAR_S

    @property
    def begins_at(self) -> datetime:
        """Return from when on an alert is about it."""
        return self.at - timedelta(seconds=self.before_s)

    @property
    def ends_at(self) -> datetime:
        """Return until when an alert is about it; of a day, counted from its end."""
        return self.at + timedelta(seconds=self.after_s) + (_A_DAY if self.is_day else timedelta())


def read_events(file: Path, watchlist: Watchlist) -> tuple[KnownEvent, ...]:
    """Return the events of a file, in order of time.

    Raises:
        CommandFailed: the file cannot be read, or an event has a fault; one line that says where and the mend.
    """
    try:
        content = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandFailed(f"cannot read {file}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise CommandFailed(f"{file} is not UTF-8: save it as UTF-8") from None
    entries = _lines(file, content) if file.suffix in (".jsonl", ".ndjson") else _listed(file, content)
    names = _names(watchlist)
    events = [_event(where, entry, watchlist, names) for where, entry in entries]
    if not events:
        raise CommandFailed(f"{file} has no event; each needs topic, at and name")
    return tuple(sorted(events, key=lambda event: (event.at, event.topic, event.name)))


def _lines(file: Path, content: str) -> Iterator[tuple[str, object]]:
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            try:
                yield f"{file}:{number}", json.loads(line)
            except ValueError as error:
                raise CommandFailed(f"{file}:{number}: is no JSON: {error}") from None


def _listed(file: Path, content: str) -> Iterator[tuple[str, object]]:
    try:
        found, repeated = read_yaml(content)
    except NotYaml as error:
        raise CommandFailed(f"{file}: {error}") from None
    if repeated:
        raise CommandFailed(f"{file}: {repeated[0]}")
    if not isinstance(found, dict) or set(found) != {"events"} or not isinstance(found["events"], list):
        raise CommandFailed(f"{file}: must hold one key, `events`, with a list; or be JSON lines, named .jsonl")
    for number, entry in enumerate(found["events"], start=1):
        yield f"{file}: event {number}", entry


def _event(where: str, entry: object, watchlist: Watchlist, names: Mapping[str, set[str]]) -> KnownEvent:
    fields = _fields(where, entry)
    at, is_day = _read(where, "at", fields["at"], _time)
    near = {f"{name}_s": _read(where, name, fields[name], duration) for name in ("before", "after") if name in fields}
    topic = _read(where, "topic", fields["topic"], lambda value: _topic(text(value), watchlist, names))
    return KnownEvent(topic=topic, name=_read(where, "name", fields["name"], text), at=at, is_day=is_day, **near)


def _fields(where: str, entry: object) -> dict[str, object]:
    if not isinstance(entry, dict):
        raise CommandFailed(f"{where}: must be a mapping with topic, at and name, got {shown(entry)}")
    fields: dict[str, object] = {
        _ALSO_CALLED.get(str(key), str(key)): value for key, value in entry.items() if key not in _PASSED_OVER
    }
    for key in fields:
        if key not in _FIELDS:
            raise CommandFailed(f"{where}: unknown key {key!r:.60}; known are {', '.join(_FIELDS)}")
    if missing := [key for key in _FIELDS[:3] if key not in fields]:
        raise CommandFailed(f"{where}: {missing[0]} is missing; each event needs topic, at and name")
    return fields


def _read(where: str, name: str, value: object, reader: Callable[[object], _Value]) -> _Value:
    try:
        return reader(value)
    except ValueError as error:
        raise CommandFailed(f"{where}: {name} {error}") from None


def _time(value: object) -> tuple[datetime, bool]:
    """Return a time, and whether only its day was said."""
    try:
        said = text(value)
        if len(said) == len("2022-11-08"):
            day = date.fromisoformat(said)
            return datetime(day.year, day.month, day.day, tzinfo=UTC), True
        at = datetime.fromisoformat(said)
    except ValueError:
        raise ValueError(f"must be a day or an ISO 8601 time, got {shown(value)}") from None
    if at.tzinfo is None:
        raise ValueError(f"must say its offset, such as {said}Z, got {shown(value)}")
    return at.astimezone(UTC), False


def _topic(said: str, watchlist: Watchlist, names: Mapping[str, set[str]]) -> str:
    if said in watchlist or said.startswith("~"):
        return said
    found = sorted(names.get(said.casefold(), ()))
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{said!r:.60} is a name of {', '.join(found)}; say which, by its id")
    raise ValueError(f"{said!r:.60} is no topic of the watchlist{guess(said.casefold(), names)}")


def _names(watchlist: Watchlist) -> dict[str, set[str]]:
    """Return the ids of topics by all that they are called, in lower case."""
    names: dict[str, set[str]] = {}
    for topic in watchlist.topics:
        for name in (topic.id, topic.name, *topic.tickers, *topic.aliases, *topic.ambiguous):
            names.setdefault(name.casefold(), set()).add(topic.id)
    return names
