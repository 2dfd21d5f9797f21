"""Makes a rule book out of what YAML holds, and notes every fault with the path to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, get_args

from alerts.rules import values
from alerts.rules.absolute import AbsoluteRule, AlertSeverity, Measure
from alerts.rules.book import PartialRule, RuleBook, RuleGroup
from alerts.rules.faults import FieldFaults
from alerts.rules.quiet import DAYS, QuietHours
from alerts.rules.rule import Rule, RuleSeverity

_Readers = Mapping[str, Callable[[object], object]]
_Made = TypeVar("_Made")

_RULE: _Readers = {
    "is_on": values.flag,
    "false_alarms": values.number,
    "min_negative": values.whole,
    "min_sources": values.whole,
    "min_posts": values.whole,
    "hold": values.duration,
    "cool_down": values.duration,
    "critical_return_period": values.duration,
    "critical_n_negative": values.whole,
    "critical_n_sources": values.whole,
    "severity": values.one_of(*get_args(RuleSeverity)),
    "routes": values.words,
}
_NESTED = ("quiet", "absolutes")
_QUIET: _Readers = {
    "days": values.several_of(*DAYS),
    "begin": values.clock,
    "end": values.clock,
    "timezone": values.time_zone,
    "also_critical": values.flag,
}
_MEASURES: tuple[str, ...] = get_args(Measure)
_ABSOLUTE: _Readers = {
    "name": values.text,
    **dict.fromkeys(_MEASURES, values.number),
    "for": values.duration,
    "window": values.duration,
    "min_stories": values.whole,
    "severity": values.one_of(*get_args(AlertSeverity)),
}
_IN_SECONDS = frozenset({"hold", "cool_down", "critical_return_period", "for", "window"})


def key_of(field: str) -> str:
    """Return a field's key in a rule file: durations are written with their unit.

    >>> key_of("hold_s"), key_of("routes")
    ('hold', 'routes')
    """
    return field.removesuffix("_s")


def _field_of(key: str) -> str:
    return f"{key}_s" if key in _IN_SECONDS else key


class RuleReader:
    """Reads rules, and keeps their faults.

    >>> reader = RuleReader()
    >>> reader.book({"default": {"hold": "8h"}}).version == RuleBook().version, len(reader.faults)
    (True, 1)
    """

    def __init__(self) -> None:
        self.faults: list[str] = []

    def book(self, content: object) -> RuleBook:
        """Return the book; what is faulty is not in it."""
        known = ("default", "groups", "topics")
        if not isinstance(content, dict) or not content:
            self.faults.append(f"must hold one or more of {', '.join(known)}, got {values.shown(content)}")
            return RuleBook()
        parts = self._known("", content, known)
        groups = self._mapping("groups", parts.get("groups", {}), "names of groups")
        topics = self._mapping("topics", parts.get("topics", {}), "ids of topics")
        return RuleBook(
            default=self._part("default", parts.get("default", {})),
            groups=tuple(self._group(f"groups.{name}", name, entry) for name, entry in groups.items()),
            topics={topic: self._part(f"topics.{topic}", entry) for topic, entry in topics.items()},
        )

    def _group(self, where: str, name: str, entry: object) -> RuleGroup:
        content = self._mapping(where, entry, "`topics` and fields of a rule")
        topics: tuple[str, ...] = ()
        if isinstance(entry, dict):
            try:
                topics = values.words(content.get("topics"))
                if not topics:
                    raise ValueError("must name one topic or more, got none")
            except ValueError as complaint:
                self.faults.append(f"{where}: `topics` {complaint}")
        return RuleGroup(name, topics, self._part(where, content, ("topics",)))

    def _part(self, where: str, entry: object, beside: tuple[str, ...] = ()) -> PartialRule:
        content = self._mapping(where, entry, "fields of a rule")
        content = self._known(where, content, (*_RULE, *_NESTED, *beside))
        read = {_field_of(key): value for key, value in self._values(where, content, _RULE).items()}
        if "quiet" in content:
            read["quiet"] = self._list(f"{where}.quiet", content["quiet"], self._quiet)
        if "absolutes" in content:
            read["absolutes"] = self._list(f"{where}.absolutes", content["absolutes"], self._absolute)
        rule = self._made(where, Rule, read)
        return PartialRule() if rule is None else PartialRule(rule, tuple(sorted(read)))

    def _quiet(self, where: str, entry: object) -> QuietHours | None:
        if not isinstance(entry, dict):
            self.faults.append(f"{where}: must be a mapping such as {{begin: 22:00, …}}, got {values.shown(entry)}")
            return None
        content = self._known(where, entry, _QUIET)
        read = self._values(where, content, _QUIET)
        if content.get("begin") == "24:00":
            self.faults.append(f"{where}: `begin` must be before 24:00; for midnight write 00:00")
        if self._misses(where, content, ("begin", "end", "timezone")) or len(read) < len(content):
            return None
        return self._made(where, QuietHours, read)

    def _absolute(self, where: str, entry: object) -> AbsoluteRule | None:
        if not isinstance(entry, dict):
            self.faults.append(f"{where}: must be a mapping such as {{name: …}}, got {values.shown(entry)}")
            return None
        content = self._known(where, entry, _ABSOLUTE)
        read = self._values(where, content, _ABSOLUTE)
        measures = [measure for measure in _MEASURES if measure in content]
        misses = self._misses(where, content, ("name",))
        if len(measures) != 1:
            said = " and ".join(measures) or "none"
            self.faults.append(f"{where}: must hold one of {' or '.join(_MEASURES)}, got {said}")
        if misses or len(measures) != 1 or len(read) < len(content):
            return None
        read["threshold"] = read.pop(measures[0])
        read["measure"] = measures[0]
        fields = {_field_of(key): value for key, value in read.items()}
        return self._made(where, AbsoluteRule, fields, {"threshold": measures[0]})

    def _list(self, where: str, entry: object, read: Callable[[str, object], _Made | None]) -> tuple[_Made, ...]:
        if not isinstance(entry, list):
            self.faults.append(f"{where}: must be a list, a line with `- ` each, got {values.shown(entry)}")
            return ()
        made = [read(f"{where}, number {n}", each) for n, each in enumerate(entry, start=1)]
        return tuple(each for each in made if each is not None)

    def _made(
        self, where: str, make: Callable[..., _Made], read: Mapping[str, Any], keys: Mapping[str, str] | None = None
    ) -> _Made | None:
        try:
            return make(**read)
        except FieldFaults as error:
            for name, complaint in error.faults:
                self.faults.append(f"{where}: `{(keys or {}).get(name, key_of(name))}` {complaint}")
            return None

    def _values(self, where: str, content: Mapping[str, object], readers: _Readers) -> dict[str, object]:
        read: dict[str, object] = {}
        for key, value in content.items():
            if key in readers:
                try:
                    read[key] = readers[key](value)
                except ValueError as complaint:
                    self.faults.append(f"{where}: `{key}` {complaint}")
        return read

    def _mapping(self, where: str, entry: object, what: str) -> dict[str, object]:
        if isinstance(entry, dict):
            return entry
        self.faults.append(f"{where}: must be a mapping with {what}, got {values.shown(entry)}")
        return {}

    def _known(self, where: str, content: dict[str, object], known: Iterable[str]) -> dict[str, object]:
        for key in content:
            if key not in known:
                near = values.guess(key, known) or f"; known are {', '.join(known)}"
                self.faults.append(f"{where + ': ' if where else ''}unknown key {values.shown(key)}{near}")
        return {key: value for key, value in content.items() if key in known}

    def _misses(self, where: str, content: Mapping[str, object], needed: Iterable[str]) -> bool:
        missing = [key for key in needed if key not in content]
        self.faults += (f"{where}: `{key}` is missing" for key in missing)
        return bool(missing)
