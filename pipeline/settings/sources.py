"""Where a setting's value comes from: command line, environment, a file, or the default; and which names there are.

Knows no value.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from pipeline.settings.setting import PREFIX
from pipeline.settings.settings import Settings, all_settings

CONFIG = "FINSURGE_CONFIG"
NOT_SETTINGS = (CONFIG, "FINSURGE_DATA")
"""Variables of ours that are no settings: the settings' file, and the folder of labelled data."""

# Kubernetes tells every pod of every service in its namespace: one called finsurge-console gives these
_SERVICE_LINK = re.compile(r".*_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)")
_TESTS = "FINSURGE_TEST_"


class SourceKind(StrEnum):
    """Where from, the weakest first."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    OPTION = "command line"


@dataclass(frozen=True)
class Source:
    """Where one value comes from, to be found and mended there.

    >>> str(Source(SourceKind.OPTION, "--broker"))
    'command line: --broker'
    """

    kind: SourceKind
    name: str = ""

    def __str__(self) -> str:
        """Return it for people."""
        return f"{self.kind.value}: {self.name}" if self.name else self.kind.value


def unknown_variables(environ: Mapping[str, str]) -> dict[str, str | None]:
    """Return the FINSURGE_* variables that mean nothing, each with the known one that it nearly is.

    >>> unknown_variables({"FINSURGE_PARTITION": "4", "FINSURGE_SLACK": "x", "FINSURGE_DATA": "data"})
    {'FINSURGE_PARTITION': 'FINSURGE_PARTITIONS', 'FINSURGE_SLACK': None}
    """
    known = [*NOT_SETTINGS, *(each.variable for each in all_settings())]
    known += [each.file_variable for each in all_settings() if each.file_variable]
    ours = [name for name in environ if name.startswith(PREFIX) and not name.startswith(_TESTS)]
    return {name: nearest(name, known) for name in ours if name not in known and not _is_link(name, environ[name])}


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that this one is a slip of, if there is one.

    >>> nearest("grace", ["grace_s", "bin_s"]), nearest("desk_url", ["console_url"])
    ('grace_s', None)
    """
    by_stem = {each.removeprefix(PREFIX): each for each in known}
    stem = name.removeprefix(PREFIX)
    likely = [stem + suffix for suffix in ("_s", "_S", "_url", "_URL")]
    likely += [stem.removesuffix(suffix) for suffix in ("_file", "_FILE")]
    for each in likely:
        if each in by_stem:
            return by_stem[each]
    near = get_close_matches(stem, by_stem, n=1, cutoff=0.8)
    return by_stem[near[0]] if near else None


def is_service_port(value: str) -> bool:
    """Return whether Kubernetes has made this value of a service's port, and no person.

    >>> is_service_port("tcp://10.0.0.1:8600"), is_service_port("8600")
    (True, False)
    """
    return re.fullmatch(r"(tcp|udp|sctp)://\S+:\d+", value) is not None


def to_environment(settings: Settings) -> dict[str, str]:
    """Return the settings as environment variables, for a process that is to have the same ones."""
    values = dataclasses.asdict(settings).items()
    return {PREFIX + name.upper(): str(value) for name, value in values if value is not None}


def child_environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process of ours: this one's, with the settings that this one has.

    Files of secrets are not named again: they have been read.
    """
    read = {each.file_variable for each in all_settings()}
    kept = {name: value for name, value in environ.items() if name not in read}
    return {**kept, **to_environment(settings)}


def _is_link(name: str, value: str) -> bool:
    return _SERVICE_LINK.fullmatch(name) is not None or (name.endswith("_PORT") and is_service_port(value))
