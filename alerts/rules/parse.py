"""Reads a rule book from YAML, and tells every fault of it, a line each."""

from __future__ import annotations

from alerts.rules.book import RuleBook


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
    """Return the rule book that a YAML text holds (skeleton).

    Raises:
        RulesInvalid: a line for each fault.
    """
    raise NotImplementedError(text)
