"""One setting: its group, default, help and range. Knows no setting by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pipeline.settings.address import masked
from pipeline.settings.checks import Check

PREFIX = "FINSURGE_"


class SettingsInvalid(ValueError):
    """A setting is unknown or out of range; the message names it, its source and the mend."""


class Group(StrEnum):
    """What a setting is about; the value is the heading."""

    KAFKA = "Kafka and state"
    READING = "Reading documents"
    WINDOWS = "Topics and windows"
    ALERTS = "Alerts and delivery"
    RELEASES = "Versions of the policy"
    LEARNING = "Learning"
    PEOPLE = "People: reviews and corrections"
    OBSERVABILITY = "Metrics, health, logs and traces"


@dataclass(frozen=True)
class Setting:
    """What is known of a setting beside its value.

    >>> Setting("bin_s", Group.WINDOWS, int, 300, "seconds in a window").variable
    'FINSURGE_BIN_S'
    """

    name: str
    group: Group
    kind: type
    """of the value, where there is one"""
    default: Any
    help: str
    check: Check | None = None
    is_secret: bool = False
    is_optional: bool = False
    """whether it may be None"""

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.name.upper()

    @property
    def file_name(self) -> str | None:
        """The name by which a file is given that holds the value; only secrets have one."""
        return f"{self.name}_file" if self.is_secret else None

    @property
    def file_variable(self) -> str | None:
        """The same as an environment variable."""
        return f"{self.variable}_FILE" if self.is_secret else None

    def complaint(self, value: Any) -> str | None:
        """Return what is wrong with a value, or None; a secret is not quoted.

        >>> from pipeline.settings.checks import POSITIVE
        >>> Setting("bin_s", Group.WINDOWS, int, 300, "seconds in a window", POSITIVE).complaint(0)
        'bin_s must be > 0, got 0'
        """
        wanted = self.check(value) if self.check is not None and value is not None else None
        if wanted is None:
            return None
        got = "" if self.is_secret else f", got {masked(value)!r}"
        return f"{self.name} {wanted}{got}"


def setting(group: Group, default: Any, why: str, *, check: Check | None = None, is_secret: bool = False) -> Any:
    """Return a dataclass field that is a setting; a secret stays out of the class's repr."""
    about = {"group": group, "help": why, "check": check, "is_secret": is_secret}
    return field(default=default, repr=not is_secret, metadata=about)
