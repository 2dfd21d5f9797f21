"""Reads a rule book from YAML, and tells every fault of it, a line each."""

from __future__ import annotations

from pathlib import Path

from alerts.rules.book import RuleBook
from alerts.rules.plain_yaml import NotYaml, read_yaml
from alerts.rules.reading import RuleReader


class RulesInvalid(ValueError):
    """Rules that cannot be used; the message is one line that says where, what, and the mend.

    >>> str(RulesInvalid("default.hold: must be above 0s", "default.quiet: must be a list"))
    'default.hold: must be above 0s (and 1 more: see `finsurge rules check FILE`)'
    """

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        more = f" (and {len(faults) - 1} more: see `finsurge rules check FILE`)" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{more}")


def parse_rules(text: str) -> RuleBook:
    """Return the rule book that a YAML text holds: `default`, `groups` and `topics`, or some of them.

    >>> parse_rules("topics: {tesla: {false_alarms: 2, hold: 3h}}").rule_of("tesla", ()).hold_s
    10800

    Raises:
        RulesInvalid: a line for each fault.
    """
    try:
        content, repeated = read_yaml(text)
    except NotYaml as error:
        raise RulesInvalid(str(error)) from None
    reader = RuleReader()
    book = reader.book(content)
    found = [*repeated, *reader.faults]
    if found:
        raise RulesInvalid(*found)
    return book


def load_rules(path: Path) -> RuleBook:
    """Return the rule book of a YAML file.

    Raises:
        RulesInvalid: a line for each fault, with the file.
    """
    try:
        return parse_rules(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RulesInvalid(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RulesInvalid(f"{path}: is not UTF-8: save it as UTF-8") from None
    except RulesInvalid as error:
        raise RulesInvalid(*(f"{path}: {fault}" for fault in error.faults)) from None
